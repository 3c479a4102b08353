mkfifo access.fifo error.fifo
{ printf 'GET /\nGET /a\n' >access.fifo; } &
{ echo 'no such file: /a' >error.fifo; } &
run_example
ended_well
same access.log "GET /
GET /a"
same error.log 'no such file: /a'
sort all.log >sorted
same sorted "access: GET /
access: GET /a
error: no such file: /a"
