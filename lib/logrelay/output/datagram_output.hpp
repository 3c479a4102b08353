#pragma once
/// One datagram a line, over UDP or a unix datagram socket, such as that of systemd-journald (`journal:`). A line is delivered when the kernel has taken it: what
/// happens to a UDP datagram on its way nobody learns, except that a port where nobody listens is noticed (ICMP), and
/// lines then wait until somebody does. A line that is too long for a datagram is rejected and counted; GELF's go in
/// chunks, the journal's as memory whose descriptor is sent.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind udp_output_kind, unixgram_output_kind, journal_output_kind;

// For another name of the same. `gelf_chunk`: bytes of a chunk, 0: none.
void check_udp_output(const output_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<output> make_udp_output(const output_config& config, std::size_t gelf_chunk);

}  // namespace logrelay
