# 80 MiB fill one file and begin the next; not a byte is lost.
stands_for myapp <<'APP'
yes 'a line of some length, so that not too many of them are needed' | head -c 80M | sed '$d'
APP
run_example
ended_well
[ "$(find . -name 'app.log.*Z' | wc -l)" = 1 ] || fail "no rotated file: $(ls)"
cmp <(cat app.log.* app.log) <(bin/myapp) || fail 'the files are not what was written'
