stands_for npm <<'APP'
printf '\033[32mok\033[0m 1 test\n'
APP
run_example
ended_well
same output $'\e[32mok\e[0m 1 test'
same test.log 'ok 1 test'
