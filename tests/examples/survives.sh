# Both relays see the same hundred thousand lines, the second one at the end of the first.
run_example
ended_well
has output 100000
[ -z "$(ls spool)" ] || fail "left in the spool: $(ls spool)"
