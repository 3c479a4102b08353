run_example
[ "$status" = 1 ] || fail "status $status: $(cat errors)"
number() { sed -n "s/^{.*\"$1\": \([0-9]*\).*/\1/p" errors; }
[ "$(number accepted_lines)" = 1000000 ] || fail "$(cat errors)"
[ "$(($(number delivered_lines) + $(number dropped_lines)))" = 1000000 ] || fail "$(cat errors)"
[ "$(number delivered_lines)" = "$(grep -vc '^logrelay' slow.log)" ] || fail 'what was delivered is not there'
[ "$(number dropped_lines)" = "$(sed -n 's/^logrelay: dropped \([0-9]*\) lines.*/\1/p' slow.log | awk '{n += $1} END {print n}')" ] || fail 'the markers do not add up'
