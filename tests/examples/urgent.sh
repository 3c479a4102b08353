stands_for myapp <<'APP'
echo '<6>started'
echo '<3>disk on fire'
echo '<7>details'
APP
start_server ,framing=octet
replace logs.example.com:5140 "$server"
run_example
ended_well
end_server
same server.log '<3>disk on fire'
same app.log "<6>started
<3>disk on fire
<7>details"
