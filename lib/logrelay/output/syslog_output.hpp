#pragma once
/// Short forms for syslog: `syslog://` is `udp://` with port 514 (RFC 5426) and `syslog+tcp://` is `tcp://` with port 601
/// (RFC 6587, and logger(1)), both with `format=rfc5424` unless another is given.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind syslog_output_kind, syslog_tcp_output_kind;

}  // namespace logrelay
