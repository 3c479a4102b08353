#pragma once
/// Short forms for syslog: `syslog://` is `udp://` with port 514 and `syslog+tcp://` is `tcp://` with port 601 and
/// `framing=auto`, both with `decode=syslog` unless something else is given.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind syslog_input_kind, syslog_tcp_input_kind;

}  // namespace logrelay
