#include <logrelay/output/connection_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/fd.hpp>

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay {
namespace {

constexpr option_row unix_rows[] = {
    {"connect-timeout", option_type::duration, "10s", "How long one try to connect may take before the next."},
};

class connection_output : public output {
 public:
  connection_output(std::string where, std::chrono::milliseconds timeout) : where_(std::move(where)), timeout_(timeout) {}

  result open(waiter& wait) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    std::string why;
    const auto addresses = find(wait, deadline, why);
    for (std::size_t left = addresses.size(); left > 0 && !wait.stopping(); --left) {
      const auto now = std::chrono::steady_clock::now();  // an address that does not answer leaves time for the others
      if (connect(addresses[addresses.size() - left], wait, now + (deadline - now) / static_cast<int>(left), why)) return {};
    }
    socket_.reset();
    return {outcome::retry, fmt::format("unable to connect to {}: {}", where_, why)};
  }

  write_result write(const outgoing& lines) override {
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

  interest writable() const override { return {socket_.get(), POLLOUT | POLLRDHUP}; }
  interest idle() const override { return {socket_.get(), POLLIN | POLLRDHUP}; }

  // Nobody has anything to say to us but goodbye. What they say all the same is read: unread, it would turn our close
  // into a reset, which takes the lines with it that the peer has not read yet.
  result idle_event() override {
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

  result finish(waiter&) override {
    if (!socket_) return {};
    static_cast<void>(idle_event());
    ::shutdown(socket_.get(), SHUT_WR);
    return {};
  }

  void close(std::size_t) noexcept override { socket_.reset(); }

 protected:
  [[nodiscard]] virtual std::vector<address> find(waiter& wait, steady_time deadline, std::string& why) = 0;
  virtual void tune(int) {}

  [[nodiscard]] std::uint64_t in_kernel() const {
    int left = 0;
    return socket_ && ::ioctl(socket_.get(), SIOCOUTQ, &left) == 0 ? static_cast<std::uint64_t>(left) : 0;
  }

  /// Whether an error has ended the connection, since it was opened.
  [[nodiscard]] bool has_failed() {
    int error_number = 0;
    socklen_t size = sizeof error_number;
    if (socket_ && ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 && error_number != 0) failed_ = true;
    return failed_;
  }

  const std::string where_;

 private:
  int failed_by(int error_number) { return failed_ = true, error_number; }  // the kernel tells it once

  bool connect(const address& to, waiter& wait, steady_time deadline, std::string& why) {
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

  const std::chrono::milliseconds timeout_;
  fd socket_;
  bool failed_ = false;
};

class tcp_output final : public connection_output {
 public:
  tcp_output(std::string where, host_port to, std::chrono::milliseconds timeout)
      : connection_output(std::move(where), timeout), to_(std::move(to)) {}

  std::uint64_t unacked() override { return in_kernel(); }

 private:
  std::vector<address> find(waiter& wait, steady_time deadline, std::string& why) override {
    return resolve(to_, SOCK_STREAM, wait, deadline, why);
  }
  void tune(int socket) override {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what waits is written at once, all of it
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }

  const host_port to_;
};

class unix_output final : public connection_output {
 public:
  unix_output(std::string where, address to, std::chrono::milliseconds timeout)
      : connection_output(std::move(where), timeout), to_(to) {}

  result open(waiter& wait) override {
    written_ = 0;
    return connection_output::open(wait);
  }
  write_result write(const outgoing& lines) override {
    auto how = connection_output::write(lines);
    written_ += how.taken;
    return how;
  }
  // SIOCOUTQ counts overhead here: only nothing left says something, that the peer has read everything. Or that it has
  // thrown away what it had not read when it closed; then there is an error, and was before nothing was left.
  std::uint64_t unacked() override {
    if (in_kernel() == 0 && !has_failed()) written_ = 0;
    return written_;
  }

 private:
  std::vector<address> find(waiter&, steady_time, std::string&) override { return {to_}; }

  const address to_;
  std::uint64_t written_ = 0;  // since the peer had read everything
};

void check_unix(const output_config& config, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  if (config.where.rest.empty())
    wrong.add(fmt::format("output '{}': unix: needs the path of a socket, like unix:/run/app.sock", config.name));
  else if (!fits)
    wrong.add(fmt::format("output '{}': the path is too long for a unix socket: 107 bytes are the most", config.name));
}

}  // namespace

void check_tcp_output(const output_config& config, mistakes& wrong) {
  const auto whose = fmt::format("output '{}'", config.name);
  const auto to = parse_host_port(config.where.rest, whose, wrong);
  if (to.port == "0") wrong.add(whose + ": port 0 is nobody's: name the one to connect to");
}

std::unique_ptr<output> make_tcp_output(const output_config& config) {
  mistakes none;
  return std::make_unique<tcp_output>(config.where.where, parse_host_port(config.where.rest, config.name, none),
                                      config.options.duration("connect-timeout"));
}

const output_kind tcp_output_kind{"tcp", "tcp://HOST:PORT", "a TCP connection, made again for ever", tcp_output_rows, check_tcp_output,
                                  make_tcp_output, true};

const output_kind unix_output_kind{
    "unix", "unix:PATH", "a unix stream socket", unix_rows, check_unix,
    [](const output_config& config) -> std::unique_ptr<output> {
      bool fits = false;
      return std::make_unique<unix_output>(config.where.where, unix_address(config.where.rest, fits),
                                           config.options.duration("connect-timeout"));
    }};

}  // namespace logrelay
