replace syslog://:514 syslog://127.0.0.1:0
replace syslog+tcp://:514 syslog+tcp://127.0.0.1:0
start_server ,framing=octet
replace logs.example.com "$server"
start_example
udp=$(address_of syslog:)
tcp=$(address_of syslog+tcp)
logger --server "${tcp%:*}" --port "${tcp##*:}" --tcp --rfc3164 --tag app --priority user.notice 'over TCP'
logger --server "${tcp%:*}" --port "${tcp##*:}" --tcp --octet-count --tag app --priority user.info 'not urgent'
logger --server "${udp%:*}" --port "${udp##*:}" --udp --tag app --priority user.err 'over UDP'
both_there() { [ -e server.log ] && [ "$(wc -l <server.log)" = 2 ]; }
eventually both_there
end_example
ended_well
end_server
grep -Eq '^<13>1 [0-9T:.-]+Z [^ ]+ app - - - over TCP$' server.log || fail "$(cat server.log)"
grep -Eq '^<11>1 [0-9T:.-]+Z [^ ]+ app - - \[timeQuality [^]]*\] over UDP$' server.log || fail "$(cat server.log)"
