#pragma once
/// Sockets that wait for others: bound before the start, by the main thread. Throws error; nothing is left behind then.
#include <logrelay/net/address.hpp>
#include <logrelay/util/fd.hpp>

#include <optional>
#include <vector>

namespace logrelay {

struct bound_socket {
  fd socket;
  address where;  ///< with the port that the kernel chose for 0
};

/// Binds every address of `where`; an empty host is every address, IPv6 and IPv4. TCP sockets listen.
[[nodiscard]] std::vector<bound_socket> bind_internet(const host_port& where, int socket_type, const std::string& as_written);

/// Binds a path. A socket that a dead program left there is replaced; one that somebody serves is an error. `mode`:
/// the permissions of the path.
[[nodiscard]] bound_socket bind_unix(const std::string& path, int socket_type, std::optional<unsigned> mode);
/// Removes the path if it is still ours.
void unbind_unix(const std::string& path, const fd& socket) noexcept;

}  // namespace logrelay
