#pragma once
/// Sockets that wait for others: bound before the start, by the main thread, or taken over from whoever bound them to the
/// same address for us (handed_sockets). Throws error; nothing is left behind then.
#include <logrelay/net/address.hpp>
#include <logrelay/util/fd.hpp>

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace logrelay {

/// The name of a unix socket in the file system. Its owner removes it, unless by then it is somebody else's.
class socket_path {
 public:
  socket_path() = default;
  explicit socket_path(std::string path);  ///< of a socket that we have just bound
  socket_path(socket_path&& other) noexcept { *this = std::move(other); }
  socket_path& operator=(socket_path&& other) noexcept;
  ~socket_path();

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct bound_socket {
  fd socket;
  address where{};     ///< with the port that the kernel chose for 0
  socket_path name{};  ///< goes before the socket does: what is there and answers nobody, others may take for dead
};

/// Binds every address of `where`; an empty host is every address, IPv6 and IPv4. A name may have addresses that this
/// machine does not, as long as one can be bound. TCP sockets listen.
[[nodiscard]] std::vector<bound_socket> bind_internet(const host_port& where, int socket_type, const std::string& as_written);

/// Binds a path. A socket that a dead program left there is replaced; one that somebody serves is an error. `mode`:
/// the permissions of the path. One that was handed over keeps its permissions, and its path for who made it.
[[nodiscard]] bound_socket bind_unix(const std::string& path, int socket_type, std::optional<unsigned> mode);

}  // namespace logrelay
