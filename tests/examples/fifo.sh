start_example
eventually test -p app.fifo
echo one >app.fifo
echo two >app.fifo
there() { [ -e app.log ] && [ "$(wc -l <app.log)" = 2 ]; }
eventually there
end_example
ended_well
same app.log "one
two"
