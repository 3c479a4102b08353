#pragma once
/// Which ports a process has, as the kernel tells: how a test that lets everyone take port 0 finds the way.
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace logrelay::support {

/// TCP ports, IPv4 and IPv6, that the process listens on, each once, lowest first.
[[nodiscard]] std::vector<std::uint16_t> listening_tcp_ports(pid_t process);
/// UDP ports that it is bound to and that are connected to nobody.
[[nodiscard]] std::vector<std::uint16_t> bound_udp_ports(pid_t process);

}  // namespace logrelay::support
