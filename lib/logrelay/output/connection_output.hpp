#pragma once
/// A stream connection, TCP or unix, that comes back for ever. The name is looked up anew at each connect and every
/// address is tried; a peer that has closed is noticed before a write and while idle. A line is delivered once the
/// peer's kernel has acknowledged it (SIOCOUTQ, tcp(7)); after a reconnect everything else is sent again from a line's
/// start. What the peer's program made of it nobody can know here.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind tcp_output_kind, unix_output_kind;

}  // namespace logrelay
