stands_for myapp <<'APP'
echo 'all is well'
echo 'Error 7'
echo 'FATAL: no more'
APP
run_example
ended_well
same errors.log "Error 7
FATAL: no more"
same app.log "all is well
Error 7
FATAL: no more"
