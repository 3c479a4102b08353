# Lines of both inputs in one file, the bad ones of this machine in another.
replace tcp://:5140 tcp://127.0.0.1:0
cat >relay.toml <<<"$text"
logrelay --check -c relay.toml || fail 'it has mistakes'
text='logrelay -c relay.toml'
start_example
address=$(address_of network)
exec 3<>"/dev/tcp/127.0.0.1/${address##*:}"
echo 'ERROR: from afar' >&3
exec 3>&-
eventually test -S local.sock
printf 'all is well\nFATAL: all is lost\n' | socat - unix-connect:local.sock
eventually test "$(wc -l <all.log)" = 3
end_example
[ "$status" = 0 ] || fail "status $status: $(cat errors)"
grep -q '^20[0-9T:.-]*Z FATAL: all is lost$' local-errors.log || fail "$(cat local-errors.log)"
[ "$(wc -l <local-errors.log)" = 1 ] || fail "$(cat local-errors.log)"
