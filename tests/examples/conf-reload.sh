# A right file is followed, a wrong one is not.
mkfifo in
exec 3<>in
printf '[[output]]\nendpoint = "one.log"\n' >logrelay.toml
LOGRELAY_VERBOSE=yes logrelay -c logrelay.toml <in 2>relay.errors &
running=$!
echo $running >relay.pid
echo 1 >&3
eventually grep -qs 1 one.log
printf '[[output]]\nendpoint = "two.log"\n' >logrelay.toml
run_example
ended_well
eventually test -e two.log
eventually grep -q "output 'one.log': is removed" relay.errors
echo 2 >&3
eventually grep -q 2 two.log
printf '[[output]]\nendpont = "three.log"\n' >logrelay.toml
run_example
[ "$status" = 2 ] || fail "status $status"
has errors "logrelay.toml:2:1: unknown option 'endpont'"
kill -TERM "$running"
wait "$running" || fail "status $?: $(cat relay.errors)"
same one.log 1
same two.log 2
