stands_for myapp <<'APP'
seq 1000
APP
start_server
replace logs.example.com:5140 "$server"
run_example
ended_well
end_server
same server.log "$(seq 1000)"
same app.log "$(seq 1000)"
