stands_for myapp <<'APP'
echo 'all is well'
echo 'kernel panic'
APP
stands_for notify-send <<'APP'
echo "$1" >>notes
APP
run_example
ended_well
same notes 'kernel panic'
same app.log "all is well
kernel panic"
