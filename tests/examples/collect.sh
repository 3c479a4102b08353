replace tcp://:5140 tcp://127.0.0.1:0
replace udp://:5140 udp://127.0.0.1:0
replace /run/collect.sock ./collect.sock
start_example
tcp=$(address_of tcp)
udp=$(address_of udp)
echo 'over TCP' | logrelay "tcp://$tcp"
echo 'over UDP' | logrelay "udp://$udp"
echo 'from here' | logrelay unix:./collect.sock
all_there() { [ -e all.log ] && [ "$(wc -l <all.log)" = 3 ]; }
eventually all_there
end_example
ended_well
time='[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z'
grep -Eqx "$time 127\.0\.0\.1:[0-9]+ over TCP" all.log || fail "$(cat all.log)"
grep -Eqx "$time 127\.0\.0\.1:[0-9]+ over UDP" all.log || fail "$(cat all.log)"
grep -Eqx "$time - from here" all.log || fail "$(cat all.log)"
