stands_for ping <<'APP'
echo '64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.1 ms'
APP
run_example
ended_well
grep -Eqx '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z 64 bytes from .*' ping.log || fail "$(cat ping.log)"
