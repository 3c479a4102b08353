stands_for myapp <<'APP'
seq 100000
APP
run_example
ended_well
cmp <(gzip -dc app.log.gz) <(seq 100000) || fail 'app.log.gz is not what was written'
