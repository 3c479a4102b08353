#pragma once
/// Loopback sockets, one line each. All are close-on-exec; all throw when they cannot be made.
#include <logrelay/util/fd.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace logrelay::support {

enum class family { ipv4, ipv6 };

/// Bound to a port of the kernel's choice, and not listening: who connects is refused, and nobody else gets the port.
[[nodiscard]] fd bound_tcp(family family = family::ipv4);
[[nodiscard]] fd bound_udp(family family = family::ipv4);
/// Bound, but deaf until hear(): who sends is told that nobody listens, and nobody else gets the port.
[[nodiscard]] fd deaf_udp(family family = family::ipv4);
void hear(const fd& deaf);
/// A path that begins with '@' is abstract.
[[nodiscard]] fd bound_unix(const std::string& path);
[[nodiscard]] fd bound_unixgram(const std::string& path);
void listen_on(const fd& socket);
[[nodiscard]] std::uint16_t port_of(const fd& socket);

/// Connected; tries again until `patience` has passed, since the other side may still be on its way.
[[nodiscard]] fd connected_tcp(std::uint16_t port, family family = family::ipv4);
[[nodiscard]] fd connected_udp(std::uint16_t port, family family = family::ipv4);
[[nodiscard]] fd connected_unix(const std::string& path);
[[nodiscard]] fd connected_unixgram(const std::string& path);

/// All of it, waiting where it must; throws on an error. For descriptors of any kind; no SIGPIPE.
void write_all(const fd& descriptor, std::string_view text);
/// One datagram.
void send_datagram(const fd& socket, std::string_view text);
/// Ends the connection with a reset.
void reset(fd socket);
/// From now on as if the network between dropped every packet, and nobody told.
void make_deaf(const fd& socket);

struct pipe_ends {
  fd reading;
  fd writing;
};
[[nodiscard]] pipe_ends make_pipe();
/// A terminal: the program's end is `terminal`, ours `keyboard`.
struct terminal_ends {
  fd keyboard;
  fd terminal;
};
[[nodiscard]] terminal_ends make_terminal();
void make_fifo(const std::string& path);

}  // namespace logrelay::support
