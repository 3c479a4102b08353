run_example
seconds=$(sed -n 's/^real\s*0m\([0-9]*\)\..*/\1/p' errors)
[ "$seconds" = 0 ] || fail "the writer took too long: $(cat errors)"
all_there() { [ "$(wc -l <good.log)" = 300000 ]; }
eventually all_there
cmp good.log <(seq 300000) || fail 'good.log is not what was written'
said() { grep -q '300000 lines (1.9 MiB) not delivered' errors; }
eventually said
