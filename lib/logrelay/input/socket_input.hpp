#pragma once
/// `tcp://[HOST]:PORT` and `unix:PATH`.
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
