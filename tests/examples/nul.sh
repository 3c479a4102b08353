mkdir tree
cd tree
touch "$(printf 'two\nlines')" plain
run_example
cd ..
ended_well
sort tree/files.list >list
grep -qxF './plain' list || fail "$(cat list)"
grep -qxF './two\nlines' list || fail "$(cat list)"
