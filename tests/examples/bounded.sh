# The shell's limit would have ended it. What is in the queue is left, the rest was dropped, and together it is all.
run_example
[ "$status" = 1 ] || fail "status $status: $(cat errors)"
[ "$(sed -n 's/.*: \([0-9]*\) lines .* dropped, its queue was full, \([0-9]*\) lines .* not delivered.*/\1 + \2/p' errors | xargs expr)" = 1024 ] || fail "$(cat errors)"
