#pragma once
/// Stream sockets that others connect to: `tcp://[HOST]:PORT` and `unix:PATH`. Each connection is a stream of its own,
/// with its peer as the source. At `max-connections`, and when descriptors run out, nobody new is taken in until
/// somebody leaves: who waits, waits in the kernel's backlog and loses nothing.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind tcp_input_kind, unix_input_kind;

}  // namespace logrelay
