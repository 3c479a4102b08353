stands_for myapp <<'APP'
echo one
until [ -e asked ]; do sleep 0.02; done
APP
stands_for curl <<'APP'
until /usr/bin/curl -sf --unix-socket s "http://relay/${1##*/}" >got; do sleep 0.02; done
cat got
APP
replace :9514 unix:./s
text="$text
touch asked
wait"
run_example
ended_well
has output 'logrelay_build_info{version="'
has output ok
same app.log one
