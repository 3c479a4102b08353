#pragma once
/// Stream sockets that others connect to: `tcp://[HOST]:PORT` and `unix:PATH`. Each connection is a stream of its own,
/// with its peer as the source. At `max-connections`, and when descriptors run out, nobody new is taken in until
/// somebody leaves: who waits, waits in the kernel's backlog and loses nothing.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind tcp_input_kind, unix_input_kind;

// For other names of the same: a configuration with these options.
inline constexpr option_row tcp_input_rows[] = {
    {"max-connections", option_type::count, "10000", "How many peers are served at once; more wait until one leaves."},
    {"idle-timeout", option_type::duration, "", "A peer that says nothing for this long is let go; without it none is."},
};
void check_tcp_input(const input_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<input> make_tcp_input(const input_config& config);

}  // namespace logrelay
