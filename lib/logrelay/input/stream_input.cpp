#include <logrelay/input/stream_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/error.hpp>
#include <logrelay/input/unread.hpp>
#include <logrelay/util/quantity.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

namespace logrelay {

namespace asio = boost::asio;
constexpr auto await = asio::as_tuple(asio::use_awaitable);

namespace {

// Asio sets O_NONBLOCK on whatever it is given, so a description that others share is hidden from it in an epoll
// descriptor of our own, which is ready when the other is.
fd hidden(const fd& descriptor) {
  fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event readable{};
  readable.events = EPOLLIN | EPOLLRDHUP;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor.get(), &readable) != 0) epoll.reset();
  return epoll;
}

constexpr int pipe_bytes = 1024 * 1024;
// Of one who was asked to stop, for the answers that it owes.
constexpr std::chrono::milliseconds longest_farewell{500};

std::chrono::milliseconds limit_of(const option_values& options, std::string_view name) {
  return options.knows(name) ? options.duration(name) : std::chrono::milliseconds();
}

bool has_something(const fd& descriptor) {
  pollfd now{descriptor.get(), POLLIN, 0};
  return ::poll(&now, 1, 0) == 1;
}

}  // namespace

struct stream_input::stream {
  /// Throws boost::system::system_error when it cannot be waited for.
  stream(reader& at, stream_input& of, fd&& given, read_manner manner, std::string peer, const peer_credentials& who)
      : from(std::move(given)), how(manner), ready(at.io()),
        talk(of.dialogues_ ? of.dialogues_(parts_for_dialogue(at, of, peer)) : nullptr), turn(at.io()),
        framer(at.memory(), of.rules(), of.source_for(peer, who), talk ? talk->sink() : at.handler(), of.counters), name(std::move(peer)),
        active(at.clock().now()), unread(of.unread) {
    fd waited_on = how == read_manner::nonblocking ? std::move(from) : hidden(from);
    ready.assign(waited_on.get());
    static_cast<void>(waited_on.release());
    // Answers go at once: a peer whose window is full has nothing to send them an acknowledgement with.
    if (const int on = 1; talk) ::setsockopt(ready.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  /// Without waiting: EAGAIN when there is nothing.
  [[nodiscard]] ssize_t read(std::span<char> to) {
    if (layer) return layer->read(to);
    switch (how) {
      case read_manner::nonblocking: return ::read(ready.native_handle(), to.data(), to.size());
      case read_manner::socket: return ::recv(from.get(), to.data(), to.size(), MSG_DONTWAIT);
      case read_manner::shared: break;
    }
    if (!has_something(from)) return errno = EAGAIN, -1;
    return ::read(from.get(), to.data(), to.size());
  }

  /// Bytes that nobody but us can still read: a peer that is answered knows what it has no answer for, and sends that again.
  [[nodiscard]] std::size_t ours_to_read() { return talk ? 0 : ready_bytes(descriptor()) + (layer ? layer->held_bytes() : 0); }

  /// Whether it was asked to stop, and its peer has gone and left nothing.
  [[nodiscard]] bool is_at_end() {
    if (!asked || layer) return false;
    pollfd now{descriptor(), POLLIN, 0};
    return ::poll(&now, 1, 0) == 1 && ready_bytes(descriptor()) == 0;
  }

  [[nodiscard]] int descriptor() { return from ? from.get() : ready.native_handle(); }

  [[nodiscard]] dialogue_parts parts_for_dialogue(reader& at, input& of, const std::string& peer) {
    const auto send = [this](std::string_view bytes) {
      return layer ? layer->write(bytes) : ::send(ready.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    };
    const auto go_on = [this] {
      boost::system::error_code ignored;
      turn.cancel();
      if (talk->has_unsent()) ready.cancel(ignored);  // not to wait for what its peer says, but until it takes them
    };
    return {at, of, peer, send, go_on};
  }

  fd from;
  read_manner how;
  asio::posix::stream_descriptor ready;
  std::unique_ptr<stream_layer> layer;  // null: none
  std::unique_ptr<dialogue> talk;       // null: nobody is answered
  asio::steady_timer turn;              // of the dialogue, when something was settled
  line_framer framer;
  std::unique_ptr<guard::visit> visit;       // null: nobody is asked
  std::unique_ptr<asio::steady_timer> pause;  // while it owes
  std::string name;                           // of its peer, for messages
  steady_time active;                         // when it last had something to say
  steady_time line_began = steady_time::max();  // the unfinished one
  bool idle = false;                            // has had nothing to say for too long
  bool late = false;                            // has not ended its line for too long
  bool asked = false;                           // to stop
  unread_share unread;                          // of what was ready then
};

stream_input::stream_input(const input_config& config)
    : input(config), guard_(config), idle_(limit_of(config.options, "idle-timeout")), line_limit_(limit_of(config.options, "line-timeout")) {}
stream_input::~stream_input() = default;

void stream_input::read_stream(reader& at, fd from, read_manner how, std::string peer, const peer_credentials& who,
                               std::unique_ptr<guard::visit> visit, std::unique_ptr<stream_layer> layer) {
  try {
    streams_.emplace_back(at, *this, std::move(from), how, std::move(peer), who);
    streams_.back().layer = std::move(layer);
    streams_.back().visit = std::move(visit);
    if (stopping_) owe_what_is_ready(streams_.back());
  } catch (const boost::system::system_error& e) {  // out of memory for such things, in the kernel
    failed.store(true);
    at.say().say(severity::error, fmt::format("input '{}': unable to wait for it: {}", name(), e.code().message()));
    return at.post([this] { stream_ended(); });
  }
  connections.fetch_add(1, std::memory_order_relaxed);
  asio::co_spawn(at.io(), pump(at, std::prev(streams_.end())), at.failure_of(*this));
  watch(at);
}

asio::awaitable<void> stream_input::pump(reader& at, std::list<stream>::iterator place) {
  // Also when the coroutine is given up in mid-wait: what was read is published.
  struct leave {
    reader& at;
    stream_input& of;
    std::list<stream>::iterator place;
    ~leave() {
      if (at.gives_up()) of.left_behind += place->ours_to_read();
      place->talk ? place->framer.discard() : place->framer.finish(at.clock().wall());
      of.streams_.erase(place);
      of.connections.fetch_sub(1, std::memory_order_relaxed);
      if (of.streams_.empty() && of.watch_) of.watch_->cancel();  // it may not outlive us
      of.stream_ended();
    }
  } const leaving{at, *this, place};

  stream& one = *place;
  gate& room = at.gate_of(*this);
  for (;;) {
    // Before the first read too: a FIFO that no writer has opened yet reads as if it were at its end. Who was asked to
    // stop, or has been silent for too long, is read once more.
    if (!stopping_ && !one.idle && !one.late) static_cast<void>(co_await one.ready.async_wait(asio::posix::stream_descriptor::wait_read, await));
    for (bool more = true; more;) {
      if (one.talk && !one.talk->listens() && !co_await listen_again(one)) co_return;
      if (const auto until = owed(at, one); until > steady_time::duration::zero()) {
        one.pause->expires_after(until);
        co_await one.pause->async_wait(await);
        continue;
      }
      std::size_t most = room.room();
      if (most == 0 && one.is_at_end()) co_return;  // for which no room is needed
      if (most == 0) most = co_await room.wait_for_room();
      if (one.visit) most = std::min(most, guard_.turn_bytes());
      const auto space = one.framer.space(std::min(most, turn_bytes));
      const ssize_t got = one.read(space);
      if (one.unread.owes()) has_read(one, got);
      if (got == 0) co_return;
      if (got > 0) {
        if (!commit(at, one, space.first(static_cast<std::size_t>(got)))) co_return;
        co_await asio::post(at.io(), asio::use_awaitable);  // the next one's turn
      } else if (errno == EAGAIN) {
        more = false;
      } else if (errno != EINTR) {
        if (is_end(errno)) co_return;
        failed.store(true);
        at.say().say(severity::error, fmt::format("input '{}': unable to read: {}", name(), error_text(errno)));
        co_return;
      }
    }
    if (one.late && !stopping_)
      if (const auto more = slow_.happened(at.clock().now()))
        at.say().say(severity::warning, fmt::format("input '{}': {} is let go: it has not ended a line within {}{}", name(), one.name,
                                                    readable_duration(line_limit_), *more));
    if (!stopping_ && !one.idle && !one.late) continue;
    if (one.talk) co_await part_with(one);
    co_return;
  }
}

// Until the peer has taken its answers, and is not owed too many. False: it has gone.
asio::awaitable<bool> stream_input::listen_again(stream& one) {
  while (!one.talk->listens()) {
    if (!one.talk->has_unsent()) {
      one.turn.expires_at(steady_time::max());
      co_await one.turn.async_wait(await);
      continue;
    }
    static_cast<void>(co_await one.ready.async_wait(asio::posix::stream_descriptor::wait_write, await));
    if (!one.talk->send()) co_return false;
  }
  co_return true;
}

// Asked to stop, it still gives the answers that it owes, for a moment: else its peer would send the same lines again.
asio::awaitable<void> stream_input::part_with(stream& one) {
  const auto until = std::chrono::steady_clock::now() + longest_farewell;
  while (stopping_ && one.talk->owes() && std::chrono::steady_clock::now() < until) {
    one.turn.expires_at(until);
    co_await one.turn.async_wait(await);
  }
  one.talk->say_goodbye();
}

// Whatever is not EINTR and no bytes says that nothing is ready any more.
void stream_input::has_read(stream& one, ssize_t got) noexcept {
  if (got < 0 && errno == EINTR) return;
  got > 0 ? one.unread.settle(static_cast<std::size_t>(got)) : one.unread.settle_all();
}

// False: its peer is to be let go.
bool stream_input::commit(reader& at, stream& one, std::span<char> bytes) {
  auto got = bytes.size();
  if (one.talk) {
    const auto kept = one.talk->hear(bytes);
    if (!kept) return false;
    got = *kept;
  }
  const auto lines_before = counters.lines.load(std::memory_order_relaxed);  // only we write it
  const auto unfinished_before = one.framer.unfinished_bytes();
  one.framer.commit(got, at.clock().wall());
  if (one.talk) one.talk->published();
  if (one.visit && guard_.paces()) guard_.has_read(*one.visit, {counters.lines.load(std::memory_order_relaxed) - lines_before, got});
  if (idle_.count() == 0 && line_limit_.count() == 0) return true;
  one.active = at.clock().now();
  one.idle = false;
  const auto unfinished = one.framer.unfinished_bytes();
  const bool goes_on = unfinished > 0 && unfinished == unfinished_before + got;
  if (!goes_on || one.line_began == steady_time::max()) {
    one.line_began = unfinished > 0 ? one.active : steady_time::max();
    one.late = false;
  }
  watch(at);
  return true;
}

// How long its peer is not to be read; who was asked to stop has no time for that.
steady_time::duration stream_input::owed(reader& at, stream& one) {
  if (!one.visit || stopping_ || !guard_.paces()) return {};
  const auto until = guard_.pause(at, *this, *one.visit, one.name);
  if (until > steady_time::duration::zero() && !one.pause) one.pause = std::make_unique<asio::steady_timer>(at.io());
  return until;
}

void stream_input::watch(reader& at) {
  if (watching_ || (idle_.count() == 0 && line_limit_.count() == 0)) return;
  watching_ = true;
  asio::co_spawn(at.io(), end_idle(at), at.failure_of(*this));
}

void stream_input::enlarge(const fd& pipe) noexcept {
  if (::fcntl(pipe.get(), F_GETPIPE_SZ) < pipe_bytes) static_cast<void>(::fcntl(pipe.get(), F_SETPIPE_SZ, pipe_bytes));
}

bool stream_input::is_end(int error_number) const {
  constexpr std::array peer_is_gone{ECONNRESET, ETIMEDOUT, EPIPE, EHOSTUNREACH, ENETUNREACH, ENETDOWN};
  return std::find(peer_is_gone.begin(), peer_is_gone.end(), error_number) != peer_is_gone.end();
}

steady_time stream_input::patience_with(const stream& one) const {
  auto until = steady_time::max();
  if (idle_.count() > 0 && !one.idle) until = one.active + idle_;
  if (line_limit_.count() > 0 && !one.late && one.line_began != steady_time::max()) until = std::min(until, one.line_began + line_limit_);
  return until;
}

// One look at a time, when the first of them will have been silent, or slow, for too long; none while nobody can be.
asio::awaitable<void> stream_input::end_idle(reader& at) {
  asio::steady_timer next(at.io());
  struct watching_end {
    stream_input& of;
    ~watching_end() { of.watch_ = nullptr, of.watching_ = false; }
  } const watching{*this};
  watch_ = &next;
  while (!streams_.empty()) {
    auto earliest = steady_time::max();
    const auto now = at.clock().now();
    for (auto& each : streams_) {
      if (each.talk && each.talk->owes()) each.active = now;  // it waits for us
      while (patience_with(each) <= now) {
        const bool idle = idle_.count() > 0 && !each.idle && each.active + idle_ <= now;
        (idle ? each.idle : each.late) = true;
        boost::system::error_code ignored;
        each.ready.cancel(ignored);
      }
      earliest = std::min(earliest, patience_with(each));
    }
    if (earliest == steady_time::max()) break;
    next.expires_at(earliest);
    co_await next.async_wait(await);
  }
}

void stream_input::owe_what_is_ready(stream& one) noexcept {
  one.asked = true;
  one.unread.owe(one.ours_to_read());
}

void stream_input::owe_what_is_ready() noexcept {
  for (auto& each : streams_) owe_what_is_ready(each);
}

void stream_input::stop(stop_kind) noexcept {
  stopping_ = true;
  owe_what_is_ready();
  for (auto& each : streams_) {
    boost::system::error_code ignored;
    each.ready.cancel(ignored);
    if (each.pause) each.pause->cancel();
  }
}

}  // namespace logrelay
