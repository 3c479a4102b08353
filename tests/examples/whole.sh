run_example
ended_well
same output '1000000 one whole line'
[ "$(find . -name 'whole.log*' | wc -l)" -ge 15 ] || fail "$(ls)"
