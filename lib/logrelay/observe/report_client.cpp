#include <logrelay/observe/report_client.hpp>

#include <logrelay/net/address.hpp>
#include <logrelay/util/fd.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace logrelay {
namespace {

// A report of a thousand outputs is half a megabyte.
constexpr std::size_t most_bytes = 64 * 1024 * 1024;

struct conversation {
  steady_time until;
  fd socket{};

  /// 0, or an errno.
  int connect(const address& to) {
    socket.reset(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return errno;
    if (::connect(socket.get(), to.get(), to.size) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait(POLLOUT)) return ETIMEDOUT;
    int failed = 0;
    socklen_t size = sizeof failed;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
    return failed;
  }
  int send(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
      else if (errno != EAGAIN && errno != EINTR) return errno;
      else if (!wait(POLLOUT)) return ETIMEDOUT;
    }
    return 0;
  }
  /// To the end.
  int receive(std::string& into) {
    std::array<char, 16 * 1024> part;
    while (into.size() < most_bytes) {
      const auto n = ::recv(socket.get(), part.data(), part.size(), 0);
      if (n == 0) return 0;
      if (n > 0) into.append(part.data(), static_cast<std::size_t>(n));
      else if (errno != EAGAIN && errno != EINTR) return errno;
      else if (!wait(POLLIN)) return ETIMEDOUT;
    }
    return EMSGSIZE;
  }

 private:
  [[nodiscard]] bool wait(short events) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
      pollfd one{socket.get(), events, 0};
      const int ready = left > 0 ? ::poll(&one, 1, static_cast<int>(left)) : 0;
      if (ready > 0) return true;
      if (ready == 0) return false;
    }
  }
};

std::vector<address> addresses_of(const metrics_address& at, steady_time until, std::string& why) {
  if (at.what == metrics_address::kind::unix_socket) {
    bool fits = false;
    return {unix_address(at.path, fits)};
  }
  wake none;
  waiter wait(none);
  return resolve(at.where, SOCK_STREAM, wait, until, why);
}

// HTTP/1.0 without more: a status, headers that say nothing we need, and the body to the end.
fetched taken_apart(std::string_view answer) {
  const auto begin = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || begin == std::string_view::npos) return {{}, "that is no relay: it does not speak HTTP", false};
  const auto status = answer.substr(std::min(answer.find(' ') + 1, answer.size()));
  if (!status.starts_with("200")) return {{}, fmt::format("it answers {}", status.substr(0, status.find("\r\n"))), false};
  return {std::string(answer.substr(begin + 4)), {}, false};
}

}  // namespace

fetched fetch(const metrics_address& at, std::string_view path, std::chrono::milliseconds limit) {
  conversation with{std::chrono::steady_clock::now() + limit};
  std::string why;
  const auto all = addresses_of(at, with.until, why);
  if (all.empty()) return {{}, why, false};
  int failed = 0;
  for (const auto& each : all)
    if (failed = with.connect(each); failed == 0) break;
  if (failed != 0) return {{}, error_text(failed), failed == ECONNREFUSED || failed == ENOENT};
  std::string answer;
  failed = with.send(fmt::format("GET {} HTTP/1.0\r\nHost: logrelay\r\n\r\n", path));
  if (failed == 0) failed = with.receive(answer);
  if (failed != 0) return {{}, error_text(failed), false};
  return taken_apart(answer);
}

}  // namespace logrelay
