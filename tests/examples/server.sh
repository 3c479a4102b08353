replace tcp://:5140 tcp://:0
replace udp://:5140 udp://:0
start_example
echo one | logrelay "tcp://127.0.0.1:$(address_of tcp | sed 's/.*://')"
echo two | logrelay "udp://127.0.0.1:$(address_of udp | sed 's/.*://')"
both_there() { [ -e all.log ] && [ "$(wc -l <all.log)" = 2 ]; }
eventually both_there
end_example
ended_well
grep -Eq '^[0-9TZ:.-]{27} \S*127\.0\.0\.1\S* one$' all.log || fail "$(cat all.log)"
grep -Eq '^[0-9TZ:.-]{27} \S*127\.0\.0\.1\S* two$' all.log || fail "$(cat all.log)"
