#pragma once
/// `tcp://[HOST]:PORT` and `unix:PATH`.
#include <logrelay/input/dialogue.hpp>
#include <logrelay/input/guard.hpp>
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind tcp_input_kind, unix_input_kind;

// For other names of the same: a configuration with these options.
inline constexpr option_row connection_input_rows[] = {
    {.name = "max-connections", .type = option_type::count, .fallback = "10000",
     .help = "How many peers are served at once; more wait until one leaves.", .least = "1"},
    {.name = "idle-timeout", .type = option_type::duration, .fallback = "",
     .help = "A peer that says nothing for this long is let go; without it none is."},
    {.name = "line-timeout", .type = option_type::duration, .fallback = "",
     .help = "A peer that has not ended a line this long after it began it is let go; without it none is.", .least = "10ms"},
};
inline constexpr option_row address_rows[] = {
    {.name = "max-connections-per-address", .type = option_type::count, .fallback = "",
     .help = "How many connections one address may have; more are turned away.", .least = "1"},
};
inline constexpr auto tcp_input_rows = joined(connection_input_rows, address_rows, access_rows, rate_rows);
void check_tcp_input(const input_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<input> make_tcp_input(const input_config& config, dialogue_maker answers = {});

}  // namespace logrelay
