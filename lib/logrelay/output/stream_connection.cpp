#include <logrelay/output/stream_connection.hpp>

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace logrelay {

result stream_connection::open(waiter& wait) {
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  std::string why;
  const auto addresses = find(wait, deadline, why);
  for (std::size_t left = addresses.size(); left > 0 && !wait.stopping(); --left) {
    const auto now = std::chrono::steady_clock::now();  // an address that does not answer leaves time for the others
    const auto until = now + (deadline - now) / static_cast<int>(left);
    if (connect(addresses[addresses.size() - left], wait, until, why) && agree(wait, until, why)) return {};
  }
  socket_.reset();
  return {outcome::retry, fmt::format("unable to connect to {}: {}", where_, why)};
}

write_result stream_connection::write(const outgoing& lines) {
  if (auto how = idle_event(); how.what != outcome::done) return {0, how.what, std::move(how.why)};
  const auto pieces = lines.pieces();
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return {static_cast<std::size_t>(sent)};
  if (errno == EAGAIN || errno == EINTR) return {};
  return {0, outcome::retry, fmt::format("unable to write to {}: {}", where_, error_text(failed_by(errno)))};
}

interest stream_connection::writable() const { return {socket_.get(), POLLOUT | POLLRDHUP}; }
interest stream_connection::idle() const { return {socket_.get(), POLLIN | POLLRDHUP}; }

// Nobody has anything to say to us but goodbye. What they say all the same is read: unread, it would turn our close
// into a reset, which takes the lines with it that the peer has not read yet.
result stream_connection::idle_event() {
  std::array<char, 4096> ignored;
  for (int turns = 0; turns < 16; ++turns) {  // a talkative peer must not keep us from our own
    const ssize_t got = ::recv(socket_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    if (got < 0 && errno == EAGAIN) return {};
    return {outcome::retry, got == 0 ? fmt::format("{} has closed the connection", where_)
                                     : fmt::format("the connection to {} is lost: {}", where_, error_text(failed_by(errno)))};
  }
  return {};
}

result stream_connection::finish(waiter&) {
  if (!socket_) return {};
  static_cast<void>(idle_event());
  ::shutdown(socket_.get(), SHUT_WR);
  return {};
}

void stream_connection::close(std::size_t) noexcept { socket_.reset(); }
bool stream_connection::agree(waiter&, steady_time, std::string&) { return true; }

std::uint64_t stream_connection::in_kernel() const {
  int left = 0;
  return socket_ && ::ioctl(socket_.get(), SIOCOUTQ, &left) == 0 ? static_cast<std::uint64_t>(left) : 0;
}

bool stream_connection::has_failed() {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  if (socket_ && ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 && error_number != 0) failed_ = true;
  return failed_;
}

bool stream_connection::connect(const address& to, waiter& wait, steady_time deadline, std::string& why) {
  failed_ = false;
  socket_.reset(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) return why = error_text(errno), false;
  tune(socket_.get());
  if (::connect(socket_.get(), to.get(), to.size) == 0) return true;  // unix
  if (errno != EINPROGRESS) return why = error_text(errno), false;  // a unix listener's full backlog says EAGAIN
  for (;;) {
    const auto event = wait.wait(socket_.get(), POLLOUT, deadline);
    if (wait.stopping()) return why = "asked to stop", false;
    if (event == waiter::event::timeout) return why = error_text(ETIMEDOUT), false;
    if (event == waiter::event::ready) break;
  }
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number == 0 && is_connected_to_itself(socket_.get())) error_number = ECONNREFUSED;
  if (error_number != 0) why = error_text(error_number);
  return error_number == 0;
}

std::vector<address> tcp_connection::find(waiter& wait, steady_time deadline, std::string& why) {
  return resolve(to_, SOCK_STREAM, wait, deadline, why);
}

void tcp_connection::tune(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what waits is written at once, all of it
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace logrelay
