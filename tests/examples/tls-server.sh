new() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" "${@:2}" 2>/dev/null; }
new ca -addext basicConstraints=critical,CA:TRUE
new server -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key
new client -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key
replace syslog+tls://:6514 syslog+tls://127.0.0.1:0
start_example
server=$(address_of syslog+tls)
echo 'with a certificate' | logrelay "syslog+tls://$server,ca=ca.pem,cert=client.pem,key=client.key"
there() { [ -s all.json ]; }
eventually there
end_example
ended_well
has all.json '"message":"with a certificate"}'
