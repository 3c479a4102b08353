#pragma once
/// Short forms for syslog: `syslog://` is `udp://` with port 514 (RFC 5426) and `syslog+tcp://` is `tcp://` with port 601
/// (RFC 6587, and logger(1)), `syslog+tls://` is `tls://` with port 6514 (RFC 5425), all with `format=rfc5424` unless another is given.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind syslog_output_kind, syslog_tcp_output_kind, syslog_tls_output_kind;

}  // namespace logrelay
