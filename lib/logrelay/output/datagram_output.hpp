#pragma once
/// One datagram a line, over UDP or a unix datagram socket, such as that of systemd-journald (`journal:`). A line is delivered when the kernel has taken it: what
/// happens to a UDP datagram on its way nobody learns, except that a port where nobody listens is noticed (ICMP), and
/// lines then wait until somebody does. A line that is too long for a datagram is rejected and counted; GELF's go in
/// chunks, the journal's as memory whose descriptor is sent.
///
/// Of several addresses the one after that which was refused is next. A name is looked up again once a minute while there are
/// lines, on a thread of its own, and at HUP: where it stands for others by then, lines go there.
#include <logrelay/net/address.hpp>
#include <logrelay/registry.hpp>
#include <logrelay/util/clock.hpp>

namespace logrelay {

extern const output_kind udp_output_kind, unixgram_output_kind, journal_output_kind;

// For another name of the same. `gelf_chunk`: bytes of a chunk, 0: none.
void check_udp_output(const output_config& config, mistakes& wrong);
[[nodiscard]] std::unique_ptr<output> make_udp_output(const output_config& config, std::size_t gelf_chunk);

/// How names are looked up, and when it is time to: look_up() and the clock for all but tests.
struct look_ups {
  look_up_how ask = look_up;
  std::function<steady_time()> now = std::chrono::steady_clock::now;
};
[[nodiscard]] std::unique_ptr<output> make_udp_output(const std::string& where, host_port to, std::size_t gelf_chunk, look_ups names);

}  // namespace logrelay
