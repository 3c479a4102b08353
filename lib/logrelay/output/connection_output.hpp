#pragma once
/// A stream connection, TCP or unix, that comes back for ever. The name is looked up anew at each connect and every
/// address is tried; a peer that has closed is noticed before a write and while idle. A line is delivered once the
/// peer's kernel has acknowledged it (SIOCOUTQ, tcp(7)); after a reconnect everything else is sent again from a line's
/// start. What the peer's program made of it nobody can know here.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind tcp_output_kind, unix_output_kind;

// For other names of the same: a configuration with these options.
inline constexpr option_row tcp_output_rows[] = {
    {"connect-timeout", option_type::duration, "10s", "How long one try to look up and connect may take before the next."},
};
void check_tcp_output(const output_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<output> make_tcp_output(const output_config& config);

}  // namespace logrelay
