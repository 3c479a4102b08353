#pragma once
/// Sockets that whoever started us has bound already and handed over (LISTEN_FDS of sd_listen_fds(3); systemd's socket
/// units, systemd-socket-activate, podman): an input takes the one that is bound to its own address instead of binding
/// one, so that nobody who connects between two starts is refused. They are a fact about the process, like its
/// arguments, and so are kept for it once. Main thread.
#include <logrelay/net/address.hpp>
#include <logrelay/util/fd.hpp>

#include <string>
#include <vector>

namespace logrelay {

/// Before anything is opened and before the first child: reads LISTEN_PID and LISTEN_FDS, takes them and LISTEN_FDNAMES
/// out of the environment, and makes the descriptors close-on-exec. Does nothing where they are meant for another process.
void receive_handed_sockets();

/// The one that is bound to `where` and of `socket_type` (SOCK_STREAM: it listens), non-blocking; from then on the caller's.
[[nodiscard]] fd take_handed_socket(const address& where, int socket_type);

/// The addresses of those that nobody has taken.
[[nodiscard]] std::vector<std::string> handed_sockets_left();

}  // namespace logrelay
