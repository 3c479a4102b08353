#include <logrelay/input/kept_sockets.hpp>

#include <fcntl.h>

#include <utility>

namespace logrelay {

void kept_sockets::expect_successor() {
  state_.with([](auto& s) { s.expects = true; });
}

bool kept_sockets::leave(int socket, const address& where, socket_path& path, std::uint64_t drops) {
  return state_.with([&](auto& s) {
    if (!s.expects) return false;
    fd both(::fcntl(socket, F_DUPFD_CLOEXEC, 3));
    if (!both) return false;
    s.all.push_back({bound_socket{std::move(both), where, std::move(path)}, drops});
    return true;
  });
}

std::vector<kept_sockets::one> kept_sockets::take() {
  return state_.with([](auto& s) {
    s.expects = false;
    return std::exchange(s.all, {});
  });
}

}  // namespace logrelay
