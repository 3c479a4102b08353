stands_for make <<'APP'
echo compiling
echo linking >&2
APP
run_example
ended_well
same output "compiling
linking"
same build.log "compiling
linking"
