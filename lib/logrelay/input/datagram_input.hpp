#pragma once
/// Datagrams, over UDP (`udp://[HOST]:PORT`) or a unix socket (`unixgram:PATH`): each is a line, whose one trailing
/// newline is its terminator. What the kernel had to drop because we did not read in time is counted.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind udp_input_kind, unixgram_input_kind;

// For another name of the same.
void check_udp_input(const input_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<input> make_udp_input(const input_config& config);

}  // namespace logrelay
