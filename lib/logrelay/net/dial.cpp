#include <logrelay/net/dial.hpp>

#include <logrelay/error.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay {
namespace {

struct attempt {
  fd socket;
  address to;
};

// 0: connected; EINPROGRESS: on its way; else why not.
int begin(attempt& one, const std::function<void(int)>& tune) {
  one.socket.reset(::socket(one.to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!one.socket) return errno;
  tune(one.socket.get());
  return ::connect(one.socket.get(), one.to.get(), one.to.size) == 0 ? 0 : errno;
}

// Of one that poll(2) has something to say of.
int outcome_of(const attempt& one) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(one.socket.get(), SOL_SOCKET, SO_ERROR, &error_number, &size);
  return error_number == 0 && is_connected_to_itself(one.socket.get()) ? ECONNREFUSED : error_number;
}

}  // namespace

std::vector<address> by_turns(const std::vector<address>& found) {
  std::vector<address> six, others, all;
  for (const auto& each : found) (each.family() == AF_INET6 ? six : others).push_back(each);
  for (std::size_t i = 0; i < std::max(six.size(), others.size()); ++i) {
    if (i < six.size()) all.push_back(six[i]);
    if (i < others.size()) all.push_back(others[i]);
  }
  return all;
}

fd dial(std::vector<address>& to, const std::function<void(int)>& tune, waiter& wait, steady_time deadline, std::string& why) {
  std::vector<attempt> going;
  const auto give_back = [&] {  // those that have neither answered nor failed
    for (auto& each : going) to.push_back(each.to);
  };
  auto next = std::chrono::steady_clock::now();
  while (!wait.stopping()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline && !going.empty()) break;
    if (!to.empty() && now >= next && going.size() < waiter::most_at_once) {
      attempt one{{}, to.front()};
      to.erase(to.begin());
      const int how = begin(one, tune);
      if (how == 0) return give_back(), std::move(one.socket);  // a unix socket
      if (how == EINPROGRESS) {
        going.push_back(std::move(one));
        next = now + before_the_next_address;
      } else {
        why = error_text(how);  // a unix listener's full backlog says EAGAIN
      }
      continue;
    }
    if (going.empty()) {
      if (to.empty()) return {};
      next = now;
      continue;
    }
    std::array<pollfd, waiter::most_at_once> polled{};
    for (std::size_t i = 0; i < going.size(); ++i) polled[i] = {going[i].socket.get(), POLLOUT, 0};
    const bool more = !to.empty() && going.size() < waiter::most_at_once;
    if (wait.wait(std::span(polled.data(), going.size()), more ? std::min(deadline, next) : deadline) != waiter::event::ready) continue;
    const std::size_t n = going.size();
    for (std::size_t i = 0, at = 0; i < n; ++i) {  // who was tried first goes first
      if (polled[i].revents == 0) {
        ++at;
        continue;
      }
      const int how = outcome_of(going[at]);
      auto socket = std::move(going[at].socket);
      going.erase(going.begin() + static_cast<std::ptrdiff_t>(at));
      if (how == 0) return give_back(), std::move(socket);
      why = error_text(how);
      next = now;  // a failure makes way at once
    }
  }
  if (wait.stopping())
    why = "asked to stop";
  else
    why = error_text(ETIMEDOUT);
  return {};
}

}  // namespace logrelay
