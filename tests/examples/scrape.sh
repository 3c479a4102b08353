replace tcp://:5140 tcp://127.0.0.1:0
replace :9514 unix:./s
start_example
tcp=$(address_of tcp)
echo one | logrelay "tcp://$tcp"
scraped() { curl -s --unix-socket s http://relay/metrics >metrics && grep -qx 'logrelay_output_delivered_lines_total{output="all.log"} 1' metrics; }
eventually scraped
end_example
ended_well
same all.log one
