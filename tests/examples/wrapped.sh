cat >server <<'APP'
#!/bin/sh
echo "listens on $2"
echo 'disk is slow' >&2
exit 3
APP
chmod +x server
run_example
[ "$status" = 3 ] || fail "status $status: $(cat errors)"
same <(sort app.log) "disk is slow
listens on 8080"
same errors.log 'disk is slow'
