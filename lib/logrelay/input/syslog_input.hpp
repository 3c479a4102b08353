#pragma once
/// Short forms for syslog: `syslog://` is `udp://` with port 514 and `syslog+tcp://` is `tcp://` with port 601 and
/// `framing=auto`, and `syslog+tls://` is `tls://` with port 6514 (RFC 5425) and the same, all with `decode=syslog` unless something else is given.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind syslog_input_kind, syslog_tcp_input_kind, syslog_tls_input_kind;

}  // namespace logrelay
