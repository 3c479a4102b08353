#include <logrelay/output/datagram_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/output/gelf_chunks.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/output/sealed_message.hpp>
#include <logrelay/util/fd.hpp>

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

namespace logrelay {
namespace {

constexpr std::chrono::seconds look_up_timeout{10};
constexpr std::chrono::minutes look_up_every{1};

constexpr std::string_view journald_socket = "/run/systemd/journal/socket";

/// What becomes of a message that no datagram can hold.
enum class too_long { rejected, sealed };

/// Looks a name up now and then, while lines go on to where it was. Listener's thread only; nobody waits for a look-up.
class name_watch {
 public:
  name_watch(host_port name, look_ups how) : name_(std::move(name)), how_(std::move(how)), is_name_(!name_.host.empty() && !is_ip(name_.host)) {}

  [[nodiscard]] const look_ups& how() const { return how_; }
  /// It was looked up just now.
  void begin_again() {
    search_.reset();
    next_ = how_.now() + look_up_every;
  }
  /// Whether the name, when it was looked up last, did not stand for this address any more. Never waits.
  [[nodiscard]] bool is_elsewhere(const address& now_at) {
    if (!is_name_) return false;
    if (!search_) {
      if (how_.now() >= next_) begin();
      return false;
    }
    const auto said = search_->take();
    if (!said) return false;
    begin_again();
    const auto& found = said->found;
    return !found.empty() && std::find(found.begin(), found.end(), now_at) == found.end();
  }

 private:
  void begin() try {
    search_.emplace(name_, SOCK_DGRAM, how_.ask);
  } catch (const error&) {  // out of descriptors: lines go on meanwhile
    begin_again();
  }

  const host_port name_;
  const look_ups how_;
  const bool is_name_;
  steady_time next_ = steady_time::max();
  std::optional<name_search> search_;
};

class datagram_output final : public output {
 public:
  /// `path`, or where that is no unix path: `to`.
  datagram_output(std::string where, host_port to, std::optional<address> path, std::size_t gelf_chunk = 0, too_long then = too_long::rejected,
                  look_ups names = {})
      : where_(std::move(where)), to_(std::move(to)), path_(path), when_too_long_(then), name_(to_, std::move(names)), chunks_(gelf_chunk) {}

  bool datagrams() const override { return true; }

  result open(waiter& wait) override {
    std::string why;
    chunks_sent_ = 0;
    chunks_.next_message();
    auto addresses = path_ ? std::vector{*path_} : resolve(to_, SOCK_DGRAM, wait, std::chrono::steady_clock::now() + look_up_timeout, why, name_.how().ask);
    name_.begin_again();
    asked_to_reopen_ = false;
    // A connect of UDP asks nobody: that nobody listens there was told later, and the next one may be better.
    if (const auto refused = std::find(addresses.begin(), addresses.end(), at_); std::exchange(refused_, false) && refused != addresses.end())
      std::rotate(addresses.begin(), refused + 1, addresses.end());
    for (const auto& each : addresses) {
      at_ = each;
      socket_.reset(::socket(each.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (each.family() == AF_INET) leave_cutting_to_routers();
      if (socket_ && ::connect(socket_.get(), each.get(), each.size) == 0) return {};
      why = error_text(errno);
    }
    socket_.reset();
    return {outcome::retry, fmt::format("unable to send to {}: {}", where_, why)};
  }

  // That nobody listens at a UDP port is told by the next call, one error for each datagram, and sendmmsg() keeps that
  // to itself when it has sent another: so the first one goes alone, and on this machine its answer is there at once.
  write_result write(const outgoing& lines) override {
    if (chunks_sent_ == 0 && (asked_to_reopen_ || name_.is_elsewhere(at_))) return {0, outcome::rest};
    if (const int error_number = answer(); error_number != 0) return failed(error_number);
    const auto first = lines.pieces().front();
    if (chunks_.cuts(first.iov_len)) return write_chunks({static_cast<const char*>(first.iov_base), first.iov_len});
    if (::send(socket_.get(), first.iov_base, first.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      if (when_too_long_ == too_long::rejected || (errno != EMSGSIZE && errno != ENOBUFS)) return failed(errno);
      const int error_number = send_sealed(socket_, {static_cast<const char*>(first.iov_base), first.iov_len});
      return error_number == 0 ? write_result{1} : failed(error_number);
    }
    if (const int error_number = answer(); error_number != 0) return failed(error_number);
    return {1 + send_all(lines.pieces().subspan(1))};
  }

  interest writable() const override { return {socket_.get(), POLLOUT}; }
  void close(std::size_t) noexcept override { socket_.reset(); }
  result reopen() override {
    asked_to_reopen_ = true;  // the next line is for where it is then
    return {};
  }

 private:
  // Else a datagram that is too long for a link on the way is thrown away there, and the answer, which comes later, taken for
  // one to the next (ip(7), IP_MTU_DISCOVER). Who sends IPv6 cuts by itself.
  void leave_cutting_to_routers() {
    const int never = IP_PMTUDISC_DONT;
    ::setsockopt(socket_.get(), IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof never);
  }
  // What stops it, the next write finds at its first.
  std::size_t send_all(std::span<const iovec> pieces) const {
    std::array<mmsghdr, 64> messages{};
    const auto most = std::min(pieces.size(), messages.size());
    std::size_t n = 0;
    for (; n < most && !chunks_.cuts(pieces[n].iov_len); ++n) {
      messages[n].msg_hdr.msg_iov = const_cast<iovec*>(&pieces[n]);
      messages[n].msg_hdr.msg_iovlen = 1;
    }
    const int sent = ::sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(n), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  // All that are taken now: the rest is sent with the next call, which has the same line first.
  write_result write_chunks(std::string_view message) {
    if (chunks_.too_long(message.size()))
      return {0, outcome::reject, fmt::format("unable to send to {}: more than {} chunks", where_, gelf_chunks::most_chunks)};
    const auto datagrams = chunks_.datagrams(message, chunks_sent_);
    const int sent = ::sendmmsg(socket_.get(), datagrams.data(), static_cast<unsigned>(datagrams.size()), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return failed(errno);
    chunks_sent_ += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < datagrams.size()) return {};
    chunks_sent_ = 0;
    chunks_.next_message();
    return {1};
  }

  // What the other side has said to an earlier datagram.
  [[nodiscard]] int answer() const {
    int error_number = 0;
    socklen_t size = sizeof error_number;
    return ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 ? error_number : errno;
  }

  [[nodiscard]] write_result failed(int error_number) {
    if (error_number == EAGAIN || error_number == EINTR) return {};
    refused_ = error_number == ECONNREFUSED || error_number == EHOSTUNREACH || error_number == ENETUNREACH;
    auto why = fmt::format("unable to send to {}: {}", where_, error_text(error_number));
    return {0, error_number == EMSGSIZE ? outcome::reject : outcome::retry, std::move(why)};
  }

  const std::string where_;
  const host_port to_;
  const std::optional<address> path_;
  const too_long when_too_long_;
  name_watch name_;
  fd socket_;
  address at_;                   // where it is connected to
  bool refused_ = false;         // there
  bool asked_to_reopen_ = false;
  gelf_chunks chunks_;
  std::size_t chunks_sent_ = 0;  // of the next line
};

constexpr option_row udp_rows[] = {
    {.name = "chunk", .type = option_type::size, .fallback = "1420",
     .help = "A message of format=gelf that is longer than this goes in several datagrams.", .least = "128", .most = "65507"},
};

void check_path(const output_config& config, const std::string& whose, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  if (!fits) wrong.add(whose + ": the path is too long for a unix socket: 107 bytes are the most");
  if (config.options.given("framing")) wrong.add(whose + ": a datagram is a line: leave 'framing' out");
}

void check_unixgram(const output_config& config, mistakes& wrong) {
  const auto whose = fmt::format("output '{}'", config.name);
  if (config.where.rest.empty()) wrong.add(whose + ": unixgram: needs the path of a socket, like unixgram:/dev/log");
  check_path(config, whose, wrong);
}

constexpr option_row journal_rows[] = {
    {.name = "format", .type = option_type::text, .fallback = "journal",
     .help = "The entries of systemd-journald, which takes no others.", .value_name = "FORMAT"},
};

void check_journal(const output_config& config, mistakes& wrong) {
  const auto whose = fmt::format("output '{}'", config.name);
  check_path(config, whose, wrong);
  if (config.options.text("format") != "journal") wrong.add(whose + ": the journal takes format=journal alone: leave 'format' out");
}

}  // namespace

void check_udp_output(const output_config& config, mistakes& wrong) {
  const auto whose = fmt::format("output '{}'", config.name);
  if (parse_host_port(config.where.rest, whose, wrong).port == "0") wrong.add(whose + ": port 0 is nobody's: name the one to send to");
  if (config.options.given("framing")) wrong.add(whose + ": a datagram is a line: leave 'framing' out");
}

std::unique_ptr<output> make_udp_output(const output_config& config, std::size_t gelf_chunk) {
  mistakes none;
  return make_udp_output(config.where.where, parse_host_port(config.where.rest, config.name, none), gelf_chunk, {});
}

std::unique_ptr<output> make_udp_output(const std::string& where, host_port to, std::size_t gelf_chunk, look_ups names) {
  return std::make_unique<datagram_output>(where, std::move(to), std::nullopt, gelf_chunk, too_long::rejected, std::move(names));
}

const output_kind udp_output_kind{
    "udp", "udp://HOST:PORT", "a UDP datagram for each line", udp_rows, check_udp_output, [](const output_config& config) {
      return make_udp_output(config, config.options.text("format") == "gelf" ? config.options.size("chunk") : 0);
    }};

const output_kind unixgram_output_kind{
    "unixgram", "unixgram:PATH", "a unix datagram for each line", {}, check_unixgram,
    [](const output_config& config) -> std::unique_ptr<output> {
      bool fits = false;
      return std::make_unique<datagram_output>(config.where.where, host_port{}, unix_address(config.where.rest, fits));
    }};

const output_kind journal_output_kind{
    "journal", "journal:[PATH]", "entries for systemd-journald", journal_rows, check_journal,
    [](const output_config& config) -> std::unique_ptr<output> {
      const auto path = config.where.rest.empty() ? std::string(journald_socket) : config.where.rest;
      bool fits = false;
      return std::make_unique<datagram_output>(path, host_port{}, unix_address(path, fits), 0, too_long::sealed);
    }};

}  // namespace logrelay
