stands_for make <<'APP'
echo compiling
echo 'a.c:1: warning: unused variable' >&2
echo linking
APP
run_example
ended_well
same output 'a.c:1: warning: unused variable'
same build.log "compiling
a.c:1: warning: unused variable
linking"
