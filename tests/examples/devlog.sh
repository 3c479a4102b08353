replace /dev/log ./dev.log
replace /var/log/local.json local.json
start_example
address_of unixgram >/dev/null
logger --socket ./dev.log --tag app --priority daemon.err 'hello from logger'
there() { [ -s local.json ]; }
eventually there
end_example
ended_well
has local.json '"level":"err","facility":"daemon"'
has local.json '"app":"app"'
has local.json "\"uid\":\"$(id -u)\",\"message\":\"hello from logger\"}"
