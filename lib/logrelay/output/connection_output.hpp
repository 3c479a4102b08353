#pragma once
/// A stream connection, TCP or unix, that comes back for ever. The name is looked up anew at each connect and every
/// address is tried; a peer that has closed is noticed before a write and while idle. A line is delivered once the
/// peer's kernel has acknowledged it (SIOCOUTQ, tcp(7)); after a reconnect everything else is sent again from a line's
/// start. What the peer's program made of it nobody can know here; `resend` makes up for that with lines that come twice.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind tcp_output_kind, unix_output_kind;

// For other names of the same: a configuration with these options.
inline constexpr option_row connection_rows[] = {
    {.name = "connect-timeout", .type = option_type::duration, .fallback = "10s",
     .help = "How long one try to look up and connect may take before the next.", .least = "10ms"},
    {.name = "idle-timeout", .type = option_type::duration, .fallback = "",
     .help = "A connection that has nothing to bring for this long is closed, and made again for the next line; without it none is.",
     .least = "10ms"},
    {.name = "resend", .type = option_type::size, .fallback = "0",
     .help = "The last bytes that are sent again, from a line's start, after a connection was lost, though they were acknowledged.",
     .most = "1G"},
};
inline constexpr option_row tcp_only_rows[] = {
    {.name = "write-timeout", .type = option_type::duration, .fallback = "60s",
     .help = "A host that answers nothing for this long while lines are on their way is given up; 0 leaves that to the system.",
     .most = "7d"},
    {.name = "keepalive", .type = option_type::duration, .fallback = "30s",
     .help = "A peer that is silent for this long is asked whether it is still there; 0 never asks.", .most = "9h"},
    {.name = "failover", .type = option_type::text, .fallback = "",
     .help = "Where lines go while HOST cannot be reached; repeat it for several, which are tried in this order.", .repeatable = true,
     .value_name = "HOST:PORT"},
    {.name = "failback", .type = option_type::duration, .fallback = "60s",
     .help = "While lines go to a failover, how often to look whether HOST is there again; 0 goes back only when that one fails."},
};
inline constexpr auto tcp_output_rows = joined(connection_rows, tcp_only_rows);

/// `port`: of whoever is given without one; empty: each needs one.
void check_tcp_output(const output_config& config, mistakes& wrong, std::string_view port = {});
[[nodiscard]] std::unique_ptr<output> make_tcp_output(const output_config& config, std::string_view port = {});

}  // namespace logrelay
