run_example  # cmp has the last word
ended_well
cmp noise copy || fail 'the copy differs'
[ "$(stat -c %s copy)" -gt 16777216 ] || fail 'the copy is short'
