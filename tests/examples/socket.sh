replace /run/app.log.sock ./app.log.sock
start_example
address_of unixgram >/dev/null
logger --socket ./app.log.sock --tag app 'hello from logger'
there() { [ -s messages.log ]; }
eventually there
end_example
ended_well
has messages.log 'app: hello from logger'
