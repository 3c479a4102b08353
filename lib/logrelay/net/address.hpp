#pragma once
/// Socket addresses: looked up by name with a deadline, and as text. Any thread.
#include <logrelay/endpoint.hpp>
#include <logrelay/util/waiter.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

struct address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  [[nodiscard]] int family() const { return bytes.ss_family; }
  friend bool operator==(const address& one, const address& other);
};

/// Whether it is an IP address, of either version, and no name.
[[nodiscard]] bool is_ip(const std::string& host);

/// "192.0.2.1:514", "[2001:db8::1]:514", a unix path, "" for an unnamed unix peer.
[[nodiscard]] std::string to_text(const address& where);

/// Whether a TCP connection's both ends are one: connecting to a free port of this machine that the kernel may choose
/// for the near end too does that now and then, where one would expect to be refused.
[[nodiscard]] bool is_connected_to_itself(int socket);

/// A path of a unix socket; one that begins with '@' is abstract (unix(7)). `fits` is false where it is too long.
[[nodiscard]] address unix_address(const std::string& path, bool& fits);

/// The addresses of a host and port; none, and why.
struct answer {
  std::vector<address> found;
  std::string why;
};
/// Asks for them, afresh at each call, for as long as that takes (getaddrinfo(3)); an empty host is the loopback to connect to.
[[nodiscard]] answer look_up(const host_port& where, int socket_type);
using look_up_how = std::function<answer(const host_port&, int socket_type)>;

/// A look-up on a thread of its own, which is let go when the last copy of this goes. Never waits.
class name_search {
 public:
  name_search(const host_port& where, int socket_type, const look_up_how& how = look_up);
  /// Readable once there is an answer.
  [[nodiscard]] int descriptor() const;
  /// The answer, once.
  [[nodiscard]] std::optional<answer> take();

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

/// The answer, waited for until the deadline or until `wait` is told to stop. Empty, with the reason in `why`, when there is
/// none.
[[nodiscard]] std::vector<address> resolve(const host_port& where, int socket_type, waiter& wait, steady_time deadline, std::string& why,
                                           const look_up_how& how = look_up);

}  // namespace logrelay
