# The server takes nothing until the writer is done: the oldest lines are dropped, and all is told.
stands_for myapp <<APP
seq -f '%020.0f a line of some length, so that the queue is soon full' 500000
kill -CONT \$(cat server.pid)
APP
start_server
replace logs.example.com:5140 "$server"
echo "$server_running" >server.pid
kill -STOP "$server_running"
run_example
[ "$status" = 1 ] || fail "status $status: $(cat errors)"
end_server
cmp app.log <(bin/myapp 2>/dev/null) || fail 'app.log is not what was written'
has errors 'dropped, its queue was full'
has server.log 'logrelay: dropped '
has balance.json '"accepted_lines": 500000'
number() { sed "s/.*tcp.*\"$1\": \([0-9]*\).*/\1/" balance.json; }
[ "$(($(number delivered_lines) + $(number dropped_lines)))" = 500000 ] || fail 'the balance does not close'
[ "$(grep -vc '^logrelay: dropped' server.log)" = "$(number delivered_lines)" ] || fail 'what was delivered is not there'
[ "$(tail -n 1 server.log | cut -c 1-20)" = 00000000000000500000 ] || fail 'the newest lines are not there'
