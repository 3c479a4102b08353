# It prints the file and runs with it until it is told to stop.
replace tcp://:5140 tcp://127.0.0.1:0
text=${text/$'\n'logrelay/$'\n'exec logrelay}
LOGRELAY_VERBOSE=yes bash -c "$text" >output 2>errors &
running=$!
address=$(address_of tcp)
exec 3<>"/dev/tcp/127.0.0.1/${address##*:}"
echo hello >&3
exec 3>&-
eventually test -s app.log
end_example
ended_with=$(grep -c 'error' errors || true)
[ "$status" = 0 ] && [ "$ended_with" = 0 ] || fail "status $status: $(cat errors)"
same app.log hello
has relay.toml 'endpoint = "tcp://127.0.0.1:0"'
