stands_for mydaemon <<'APP'
echo '<6>listening'
echo '<3>no space left'
echo 'without a level'
APP
run_example
ended_well
same urgent.log '<3>no space left'
same daemon.log "<6>listening
<3>no space left
without a level"
