openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here \
  -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out ca.pem 2>/dev/null
logrelay -v -i syslog+tls://127.0.0.1:0,cert=ca.pem,key=key.pem server.log,format=json 2>server.errors &
server_running=$!
replace logs.example.com "$(address_of syslog+tls server.errors)"
stands_for myapp <<'SCRIPT'
echo 'hello over TLS'
SCRIPT
run_example
ended_well
there() { [ -s server.log ]; }
eventually there
end_server
has server.log '"app":"myapp"'
has server.log '"message":"hello over TLS"}'
