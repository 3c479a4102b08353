#pragma once
/// Where a relay can be looked at while it runs: the address that --metrics names, the runtime directory in which relays
/// leave a socket each when it names none, and how others find them there. Main thread; nothing here waits.
///
/// A socket is called PID.sock. The directory is $RUNTIME_DIRECTORY, which systemd makes for a service, else
/// $XDG_RUNTIME_DIR/logrelay, which we make, for its owner alone; where neither is set there is no such place. What root
/// starts to go on as USER has its socket in USER's own directory, in $RUNTIME_DIRECTORY or else in /run/logrelay: root's
/// is of no use to him, who could neither reach the socket there nor take it away in the end.
#include <logrelay/endpoint.hpp>
#include <logrelay/error.hpp>

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

struct metrics_address {
  enum class kind { runtime_directory, nowhere, unix_socket, tcp } what = kind::runtime_directory;
  std::string path{};  ///< of a unix socket
  host_port where{};   ///< TCP; its host is never empty, since that would be every address
};

/// "" (the runtime directory), "none", "unix:PATH", "HOST:PORT", "tcp://HOST:PORT". Without a HOST it is 127.0.0.1: on
/// an address that others can reach only what was asked for is served.
[[nodiscard]] metrics_address parse_metrics_address(std::string_view text, mistakes& wrong);

/// The directory for our own socket; made where that is for us to do. Nothing where there is none.
[[nodiscard]] std::optional<std::string> runtime_directory();
/// The same for root, who goes on as the user of that name.
[[nodiscard]] std::optional<std::string> runtime_directory_for(const std::string& name, uid_t user);
[[nodiscard]] std::string runtime_socket(const std::string& directory, pid_t of);
/// Removes the sockets of relays that are no more: no such process, and nobody answers.
void remove_dead_sockets(const std::string& directory);

/// The sockets of relays that answer, in every directory where a relay of ours or of the system's may have left one.
[[nodiscard]] std::vector<std::string> living_sockets();
/// Where those are looked for, for a message that there are none.
[[nodiscard]] std::vector<std::string> runtime_directories();

}  // namespace logrelay
