cat >relay.toml <<<"$text"
cat >server <<'SERVER'
#!/bin/sh
echo "$@"
echo trouble >&2
exit 3
SERVER
chmod +x server
text='logrelay -c relay.toml'
run_example
[ "$status" = 3 ] || fail "status $status: $(cat errors)"
has server.log '--port 8080'
same errors.log trouble
