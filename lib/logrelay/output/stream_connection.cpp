#include <logrelay/output/stream_connection.hpp>

#include <logrelay/net/dial.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>

namespace logrelay {
namespace {

// At the end, with `resend`: how long a peer may take to read to the end and to close.
constexpr std::chrono::seconds longest_goodbye{5};

// Who goes sooner is no better than who refuses: a proxy, say, whose own peer is not there.
constexpr std::chrono::seconds shortest_stay{1};
// The first is back, but not everything is acked yet.
constexpr std::chrono::milliseconds look_again{20};

std::vector<iovec> front_of(std::span<const iovec> pieces, std::size_t bytes) {
  std::vector<iovec> front;
  for (const auto& each : pieces) {
    if (bytes == 0) break;
    front.push_back({each.iov_base, std::min(each.iov_len, bytes)});
    bytes -= front.back().iov_len;
  }
  return front;
}

void set_option(int socket, int level, int name, int value) { ::setsockopt(socket, level, name, &value, sizeof value); }

}  // namespace

struct stream_connection::search {
  wake alarm;
  waiter wait{alarm};
  steady_time until{};
  std::atomic<bool> found{false}, over{false};
};

stream_connection::stream_connection(std::vector<std::string> places, const connection_settings& settings)
    : settings_(settings), places_(std::move(places)) {}

stream_connection::~stream_connection() {
  if (search_) search_->wait.stop();
}

result stream_connection::open(waiter& wait) {
  std::string reasons;
  const std::size_t before = at_;
  const std::size_t from = took_nothing_ ? before + 1 : 0;
  for (std::size_t n = 0; n < places_.size() && !wait.stopping(); ++n) {
    const std::size_t place = (from + n) % places_.size();
    std::string why;
    if (!open_place(place, wait, why)) {
      fmt::format_to(std::back_inserter(reasons), "{}{}: {}", reasons.empty() ? "" : ", nor to ", places_[place], why);
      continue;
    }
    at_ = place;
    failed_ = given_up_ = returning_ = finished_ = took_nothing_ = false;
    search_.reset();
    written_ = arrived_ = 0;
    stalled_.reset();
    opened_ = last_write_ = std::chrono::steady_clock::now();
    if (place != before)
      say_(severity::notice, place == 0 ? fmt::format("goes back to {}", here())
                                        : fmt::format("{}lines go to {} now", reasons.empty() ? "" : fmt::format("unable to connect to {}; ", reasons), here()));
    const bool looks = place > 0 && settings_.failback.count() > 0;
    next_look_ = looks ? last_write_ + settings_.failback : steady_time::max();
    return {};
  }
  took_nothing_ = false;
  return {outcome::retry, fmt::format("unable to connect to {}", reasons)};
}

bool stream_connection::open_place(std::size_t place, waiter& wait, std::string& why) {
  const auto deadline = std::chrono::steady_clock::now() + settings_.connect_timeout;
  auto addresses = by_turns(find(place, wait, deadline, why));
  std::string objection;  // of who had answered: says more than that others refuse
  while (!addresses.empty() && !wait.stopping()) {
    socket_ = dial(addresses, [this](int made) { tune(made); }, wait, deadline, why);
    if (!socket_) break;
    const auto now = std::chrono::steady_clock::now();  // who does not answer leaves time for the others
    if (agree(place, wait, now + (deadline - now) / static_cast<int>(addresses.size() + 1), why)) return true;
    objection = why;
  }
  if (!objection.empty()) why = objection;
  socket_.reset();
  return false;
}

write_result stream_connection::write(const outgoing& lines) {
  if (auto how = hear(); how.what != outcome::done) return given_up_ = true, write_result{0, how.what, std::move(how.why)};
  const bool watched = settings_.idle_timeout.count() > 0 || next_look_ != steady_time::max();
  if (watched || stalled_) {
    last_write_ = std::chrono::steady_clock::now();
    look_for_first(last_write_);
    if (auto how = look_for_life(last_write_); how.what != outcome::done) return {0, how.what, std::move(how.why)};
  }
  returning_ = first_is_back();
  if (returning_ && !lines.mid_line() && begun_bytes() == 0) return {0, unacked() == 0 ? outcome::rest : outcome::done};
  auto how = returning_ ? send(front_of(lines.pieces(), std::max(lines.first_line_end(), begun_bytes()))) : send(lines.pieces());
  written_ += how.taken;
  if (how.what == outcome::retry) given_up_ = true;
  return how;
}

write_result stream_connection::send(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return {static_cast<std::size_t>(sent)};
  if (errno == EAGAIN || errno == EINTR) return {};
  failed_ = true;
  return {0, outcome::retry, fmt::format("unable to write to {}: {}", here(), error_text(errno))};
}

// Also what it says is waited for: who answers each line reads nothing more where nobody takes its answers.
interest stream_connection::writable() const {
  return {socket_.get(), static_cast<short>(returning_ ? POLLIN | POLLRDHUP : POLLIN | POLLOUT | POLLRDHUP)};
}

interest stream_connection::idle() const {
  auto until = next_look_;
  if (stalled_) until = std::min(until, *stalled_ + settings_.write_timeout);
  if (settings_.idle_timeout.count() > 0 && says_goodbye_) until = std::min(until, last_write_ + settings_.idle_timeout);
  return {socket_.get(), POLLIN | POLLRDHUP, until};
}

result stream_connection::idle_event() {
  if (auto how = hear(); how.what != outcome::done) return given_up_ = true, how;
  const auto now = std::chrono::steady_clock::now();
  look_for_first(now);
  if (auto how = look_for_life(now); how.what != outcome::done) return how;
  const bool idle = settings_.idle_timeout.count() > 0 && now - last_write_ >= settings_.idle_timeout && says_goodbye_;
  if (!idle && !first_is_back()) return {};
  if (unacked() == 0) return {outcome::rest, {}};
  if (idle) last_write_ = now;  // not yet: it has not taken everything
  return {};
}

// What is said all the same is read: unread, it would turn our close into a reset, which takes the lines with it that the
// peer has not read yet.
result stream_connection::hear() {
  std::array<char, 4096> ignored;
  for (int turns = 0; turns < 16; ++turns) {  // a talkative peer must not keep us from our own
    const ssize_t got = ::recv(socket_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    if (got < 0 && errno == EAGAIN) return {};
    return got == 0 ? result{outcome::retry, fmt::format("{} has closed the connection", here())} : lost(errno);
  }
  return {};
}

result stream_connection::lost(int error_number) {
  failed_ = true;
  return {outcome::retry, fmt::format("the connection to {} is lost: {}", here(), error_text(error_number))};
}

// A peer that has said goodbye too has read to the end. With `resend`, who has not is given the last lines again.
result stream_connection::finish(waiter& wait) {
  if (!socket_) return {};
  if (!finished_) {
    static_cast<void>(hear());
    say_goodbye();
    ::shutdown(socket_.get(), SHUT_WR);
    finished_ = true;
  }
  const auto deadline = std::chrono::steady_clock::now() + longest_goodbye;
  if (settings_.resend_bytes == 0) return {};
  while (!wait.stopping()) {
    if (auto how = hear(); how.what != outcome::done) return has_failed() ? how : result{};
    if (wait.wait(socket_.get(), POLLIN | POLLRDHUP, deadline) == waiter::event::timeout) break;
  }
  says_goodbye_ = wait.stopping();
  return {outcome::done, fmt::format("{} has not closed the connection: whether it has read the last lines is not known", here())};
}

void stream_connection::say_goodbye() {}

// What the peer has not acknowledged goes to another connection: it must not arrive by this one as well.
void stream_connection::close(std::size_t torn_bytes) noexcept {
  if (socket_ && !given_up_ && !finished_ && torn_bytes == 0) say_goodbye();
  if (socket_ && given_up_) {
    took_nothing_ = std::chrono::steady_clock::now() - opened_ < shortest_stay || (written_ > 0 && unacked() >= written_);
    const linger at_once{1, 0};
    if (in_kernel() > 0) ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  given_up_ = false;
  socket_.reset();
}

bool stream_connection::agree(std::size_t, waiter&, steady_time, std::string&) { return true; }

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

bool stream_connection::first_is_back() const { return at_ > 0 && search_ && search_->found.load(); }

// Begins to look when it is time, unless somebody still does.
void stream_connection::look_for_first(steady_time now) {
  if (now < next_look_) return;
  if (first_is_back()) {
    next_look_ = now + look_again;
    return;
  }
  next_look_ = now + settings_.failback;
  if (search_ && !search_->over.load() && now < search_->until) return;
  if (search_) search_->wait.stop();
  try {
    search_ = std::make_shared<search>();
    search_->until = now + settings_.connect_timeout;
    std::thread([shared = search_, look = scout()] {
      try {
        shared->found.store(look(shared->wait, shared->until));
      } catch (const std::exception&) {  // out of descriptors: it looks again
      }
      shared->over.store(true);
    }).detach();
  } catch (const std::exception&) {  // the same, or of threads; lines go on meanwhile
    search_.reset();
  }
}

void stream_connection::note_progress(std::uint64_t given, std::uint64_t left) {
  if (settings_.write_timeout.count() == 0) return;
  const auto arrived = given - std::min(given, left);
  if (arrived != std::exchange(arrived_, arrived) || left == 0)
    stalled_.reset();
  else if (!stalled_)
    stalled_ = std::chrono::steady_clock::now();
}

result stream_connection::look_for_life(steady_time now) {
  if (!stalled_ || now - *stalled_ < settings_.write_timeout) return {};
  stalled_ = now;
  if (!is_dead()) return {};
  given_up_ = true;
  return {outcome::retry, fmt::format("{} has not answered for {}", here(), readable_duration(settings_.write_timeout))};
}

// A peer that does not read answers all the same: it is waited for. TCP_USER_TIMEOUT, which ends both, would throw away
// what that one has acknowledged and not read yet, and again with each new connection.
bool tcp_connection::is_dead() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  const bool unanswered = info.tcpi_retransmits > 0 || info.tcpi_probes > 1;  // the second one means that the first was not
  return unanswered && std::chrono::milliseconds(info.tcpi_last_ack_recv) >= settings_.write_timeout;
}

std::vector<address> tcp_connection::find(std::size_t place, waiter& wait, steady_time deadline, std::string& why) {
  return resolve(to_[place], SOCK_STREAM, wait, deadline, why);
}

void tcp_connection::tune(int socket) {
  using std::chrono::duration_cast, std::chrono::seconds, std::chrono::milliseconds;
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);  // what waits is written at once, all of it
  if (const auto& after = settings_.keepalive; after.count() > 0) {
    const auto idle = std::max<seconds::rep>(1, duration_cast<seconds>(after).count());
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(idle));
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(std::max<seconds::rep>(1, idle / 3)));
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  }
}

stream_connection::scouting tcp_connection::scout() const {
  return [to = to_.front()](waiter& wait, steady_time deadline) {
    std::string why;
    auto addresses = by_turns(resolve(to, SOCK_STREAM, wait, deadline, why));
    return static_cast<bool>(dial(addresses, [](int) {}, wait, deadline, why));
  };
}

}  // namespace logrelay
