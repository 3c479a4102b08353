mkdir documents
touch documents/one
run_example
ended_well
tar -tf backup.tar | grep -qx documents/one || fail 'there is no backup'
replace backup.tar /dev/null/backup.tar
run_example
[ "$status" = 2 ] || fail "status $status: $(cat errors)"
grep -Eq '^[0-9T:.-]+Z .*/dev/null/backup.tar' backup.log || fail "the log has no time or no error: $(cat backup.log)"
cmp output <(tail -n "$(wc -l <output)" backup.log) || fail 'both outputs should have the same'
