# 80 MiB fill one file and begin the next; standard error is in it too.
stands_for myapp <<'APP'
yes 'a line of some length, so that not too many of them are needed' | head -c 80M | sed '$d'
echo 'the last line' >&2
APP
run_example
ended_well
[ "$(find . -name 'app.log.*Z' | wc -l)" = 1 ] || fail "there should be one rotated file: $(ls)"
[ "$(stat -c %s app.log.*Z)" -le $((64 * 1024 * 1024)) ] || fail 'the rotated file is too large'
cmp <(cat app.log.* app.log) <(bin/myapp 2>&1) || fail 'the files are not what was written'
