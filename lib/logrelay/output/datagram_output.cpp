#include <logrelay/output/datagram_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/fd.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay {
namespace {

constexpr std::chrono::seconds look_up_timeout{10};

class datagram_output final : public output {
 public:
  /// `path`, or where that is no unix path: `to`.
  datagram_output(std::string where, host_port to, std::optional<address> path)
      : where_(std::move(where)), to_(std::move(to)), path_(path) {}

  bool datagrams() const override { return true; }

  result open(waiter& wait) override {
    std::string why;
    const auto addresses = path_ ? std::vector{*path_} : resolve(to_, SOCK_DGRAM, wait, std::chrono::steady_clock::now() + look_up_timeout, why);
    for (const auto& each : addresses) {
      socket_.reset(::socket(each.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (socket_ && ::connect(socket_.get(), each.get(), each.size) == 0) return {};
      why = error_text(errno);
    }
    socket_.reset();
    return {outcome::retry, fmt::format("unable to send to {}: {}", where_, why)};
  }

  // That nobody listens at a UDP port is told by the next call, one error for each datagram, and sendmmsg() keeps that
  // to itself when it has sent another: so the first one goes alone, and on this machine its answer is there at once.
  write_result write(const outgoing& lines) override {
    if (const int error_number = answer(); error_number != 0) return failed(error_number);
    const auto first = lines.pieces().front();
    if (::send(socket_.get(), first.iov_base, first.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return failed(errno);
    if (const int error_number = answer(); error_number != 0) return failed(error_number);
    return {1 + send_all(lines.pieces().subspan(1))};
  }

  interest writable() const override { return {socket_.get(), POLLOUT}; }
  void close(std::size_t) noexcept override { socket_.reset(); }

 private:
  // What stops it, the next write finds at its first.
  std::size_t send_all(std::span<const iovec> pieces) const {
    std::array<mmsghdr, 64> messages{};
    const auto n = std::min(pieces.size(), messages.size());
    for (std::size_t i = 0; i < n; ++i) {
      messages[i].msg_hdr.msg_iov = const_cast<iovec*>(&pieces[i]);
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = ::sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(n), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  // What the other side has said to an earlier datagram.
  [[nodiscard]] int answer() const {
    int error_number = 0;
    socklen_t size = sizeof error_number;
    return ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 ? error_number : errno;
  }

  [[nodiscard]] write_result failed(int error_number) const {
    if (error_number == EAGAIN || error_number == EINTR) return {};
    auto why = fmt::format("unable to send to {}: {}", where_, error_text(error_number));
    return {0, error_number == EMSGSIZE ? outcome::reject : outcome::retry, std::move(why)};
  }

  const std::string where_;
  const host_port to_;
  const std::optional<address> path_;
  fd socket_;
};

void check_udp(const output_config& config, mistakes& wrong) {
  const auto whose = fmt::format("output '{}'", config.name);
  if (parse_host_port(config.where.rest, whose, wrong).port == "0") wrong.add(whose + ": port 0 is nobody's: name the one to send to");
  if (config.options.given("framing")) wrong.add(whose + ": a datagram is a line: leave 'framing' out");
}

void check_unixgram(const output_config& config, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  const auto whose = fmt::format("output '{}'", config.name);
  if (config.where.rest.empty()) wrong.add(whose + ": unixgram: needs the path of a socket, like unixgram:/dev/log");
  else if (!fits) wrong.add(whose + ": the path is too long for a unix socket: 107 bytes are the most");
  if (config.options.given("framing")) wrong.add(whose + ": a datagram is a line: leave 'framing' out");
}

}  // namespace

const output_kind udp_output_kind{
    "udp", "udp://HOST:PORT", "a UDP datagram for each line", {}, check_udp,
    [](const output_config& config) -> std::unique_ptr<output> {
      mistakes none;
      return std::make_unique<datagram_output>(config.where.where, parse_host_port(config.where.rest, config.name, none), std::nullopt);
    }};

const output_kind unixgram_output_kind{
    "unixgram", "unixgram:PATH", "a unix datagram for each line", {}, check_unixgram,
    [](const output_config& config) -> std::unique_ptr<output> {
      bool fits = false;
      return std::make_unique<datagram_output>(config.where.where, host_port{}, unix_address(config.where.rest, fits));
    }};

}  // namespace logrelay
