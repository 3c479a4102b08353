#include <logrelay/input/stream_input.hpp>

#include <logrelay/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fcntl.h>
#include <fmt/format.h>
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

bool has_something(const fd& descriptor) {
  pollfd now{descriptor.get(), POLLIN, 0};
  return ::poll(&now, 1, 0) == 1;
}

}  // namespace

struct stream_input::stream {
  /// Throws boost::system::system_error when it cannot be waited for.
  stream(reader& at, stream_input& of, fd&& given, read_manner manner, std::string peer, const peer_credentials& who)
      : from(std::move(given)), how(manner), ready(at.io()),
        framer(at.memory(), of.rules(), of.source_for(std::move(peer), who), at.handler(), of.counters), active(at.clock().now()) {
    fd waited_on = how == read_manner::nonblocking ? std::move(from) : hidden(from);
    ready.assign(waited_on.get());
    static_cast<void>(waited_on.release());
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

  fd from;
  read_manner how;
  asio::posix::stream_descriptor ready;
  std::unique_ptr<stream_layer> layer;  // null: none
  line_framer framer;
  steady_time active;  // when it last had something to say
  bool idle = false;   // has had nothing to say for too long
};

stream_input::stream_input(const input_config& config) : input(config) {}
stream_input::~stream_input() = default;

void stream_input::read_stream(reader& at, fd from, read_manner how, std::string peer, std::chrono::milliseconds idle,
                               const peer_credentials& who, std::unique_ptr<stream_layer> layer) {
  try {
    streams_.emplace_back(at, *this, std::move(from), how, std::move(peer), who);
    streams_.back().layer = std::move(layer);
  } catch (const boost::system::system_error& e) {  // out of memory for such things, in the kernel
    failed.store(true);
    at.say().say(severity::error, fmt::format("input '{}': unable to wait for it: {}", name(), e.code().message()));
    return at.post([this] { stream_ended(); });
  }
  connections.fetch_add(1, std::memory_order_relaxed);
  asio::co_spawn(at.io(), pump(at, std::prev(streams_.end())), asio::detached);
  if (idle.count() > 0 && !std::exchange(watching_, true)) asio::co_spawn(at.io(), end_idle(at, idle), asio::detached);
}

asio::awaitable<void> stream_input::pump(reader& at, std::list<stream>::iterator place) {
  // Also when the coroutine is given up in mid-wait: what was read is published.
  struct leave {
    reader& at;
    stream_input& of;
    std::list<stream>::iterator place;
    ~leave() {
      place->framer.finish(at.clock().wall());
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
    if (!stopping_ && !one.idle) static_cast<void>(co_await one.ready.async_wait(asio::posix::stream_descriptor::wait_read, await));
    for (bool more = true; more;) {
      std::size_t most = room.room();
      if (most == 0) most = co_await room.wait_for_room();
      const auto space = one.framer.space(std::min(most, turn_bytes));
      const ssize_t got = one.read(space);
      if (got == 0) co_return;
      if (got > 0) {
        one.framer.commit(static_cast<std::size_t>(got), at.clock().wall());
        one.active = at.clock().now();
        one.idle = false;
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
    if (stopping_ || one.idle) co_return;
  }
}

void stream_input::enlarge(const fd& pipe) noexcept {
  if (::fcntl(pipe.get(), F_GETPIPE_SZ) < pipe_bytes) static_cast<void>(::fcntl(pipe.get(), F_SETPIPE_SZ, pipe_bytes));
}

bool stream_input::is_end(int error_number) const {
  constexpr std::array peer_is_gone{ECONNRESET, ETIMEDOUT, EPIPE, EHOSTUNREACH, ENETUNREACH, ENETDOWN};
  return std::find(peer_is_gone.begin(), peer_is_gone.end(), error_number) != peer_is_gone.end();
}

// One look at a time, when the stream that has been silent longest will have been so for too long.
asio::awaitable<void> stream_input::end_idle(reader& at, std::chrono::milliseconds idle) {
  asio::steady_timer next(at.io());
  struct watch {
    stream_input& of;
    ~watch() { of.watch_ = nullptr, of.watching_ = false; }
  } const watching{*this};
  watch_ = &next;
  while (!streams_.empty()) {
    auto earliest = steady_time::max();
    const auto now = at.clock().now();
    for (auto& each : streams_) {
      if (now - each.active >= idle && !each.idle) {
        boost::system::error_code ignored;
        each.idle = true;
        each.ready.cancel(ignored);
      } else {
        earliest = std::min(earliest, each.active + idle);
      }
    }
    next.expires_at(earliest == steady_time::max() ? now + idle : earliest);
    co_await next.async_wait(await);
  }
}

void stream_input::stop(stop_kind) noexcept {
  stopping_ = true;
  for (auto& each : streams_) {
    boost::system::error_code ignored;
    each.ready.cancel(ignored);
  }
}

}  // namespace logrelay
