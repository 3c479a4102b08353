#include <logrelay/input/stream_input.hpp>

#include <logrelay/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace logrelay {

namespace asio = boost::asio;
constexpr auto await = asio::as_tuple(asio::use_awaitable);

namespace {

// What Asio waits on. It sets O_NONBLOCK on whatever it is given, so a description that others share is hidden from it
// in an epoll descriptor of our own, which is ready when the other is.
int waited_on(int descriptor, read_manner how) {
  if (how == read_manner::nonblocking) return descriptor;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event readable{};
  readable.events = EPOLLIN | EPOLLRDHUP;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &readable);
  return epoll;
}

}  // namespace

struct stream_input::stream {
  stream(reader& at, stream_input& of, fd&& given, read_manner manner, std::string peer)
      : from(std::move(given)), how(manner), ready(at.io(), waited_on(from.get(), how)),
        framer(at.memory(), of.rules(), of.source_for(std::move(peer)), at.handler(), of.counters), active(at.clock().now()) {
    if (how == read_manner::nonblocking) static_cast<void>(from.release());  // `ready` owns it
  }

  [[nodiscard]] ssize_t read(std::span<char> to) {
    return how == read_manner::socket ? ::recv(from.get(), to.data(), to.size(), MSG_DONTWAIT)
                                      : ::read(how == read_manner::shared ? from.get() : ready.native_handle(), to.data(), to.size());
  }

  fd from;
  read_manner how;
  asio::posix::stream_descriptor ready;
  line_framer framer;
  steady_time active;  // when it last had something to say
  bool idle = false;   // has had nothing to say for too long
};

stream_input::stream_input(const input_config& config) : input(config) {}
stream_input::~stream_input() = default;

void stream_input::read_stream(reader& at, fd from, read_manner how, std::string peer, std::chrono::milliseconds idle) {
  auto& one = streams_.emplace_back(at, *this, std::move(from), how, std::move(peer));
  connections.fetch_add(1, std::memory_order_relaxed);
  asio::co_spawn(at.io(), pump(at, one), asio::detached);
  if (idle.count() > 0 && !std::exchange(watching_, true)) asio::co_spawn(at.io(), end_idle(at, idle), asio::detached);
}

asio::awaitable<void> stream_input::pump(reader& at, stream& one) {
  // Also when the coroutine is given up in mid-wait: what was read is published.
  struct leave {
    reader& at;
    stream_input& of;
    stream& one;
    ~leave() {
      one.framer.finish(at.clock().wall());
      of.streams_.remove_if([&](const stream& each) { return &each == &one; });
      of.connections.fetch_sub(1, std::memory_order_relaxed);
      of.stream_ended();
    }
  } const leaving{at, *this, one};

  gate& room = at.gate_of(*this);
  for (;;) {
    // Before the first read too: a FIFO that no writer has opened yet reads as if it were at its end.
    const auto [ec] = co_await one.ready.async_wait(asio::posix::stream_descriptor::wait_read, await);
    if (ec && !stopping_) co_return;
    for (bool more = true; more;) {
      std::size_t most = room.room();
      if (most == 0) most = co_await room.wait_for_room();
      const auto space = one.framer.space(std::min(most, turn_bytes));
      const ssize_t got = one.read(space);
      if (got == 0) co_return;
      if (got > 0) {
        one.framer.commit(static_cast<std::size_t>(got), at.clock().wall());
        one.active = at.clock().now();
        more = one.how != read_manner::shared;
        if (more) co_await asio::post(at.io(), asio::use_awaitable);  // the next one's turn
      } else if (errno == EAGAIN) {
        more = false;
      } else if (errno != EINTR) {
        if (errno != ECONNRESET) {
          failed.store(true);
          at.say().say(severity::error, fmt::format("input '{}': unable to read: {}", name(), error_text(errno)));
        }
        co_return;
      }
    }
    if (stopping_ || one.idle) co_return;
  }
}

// One look at a time, when the stream that has been silent longest will have been so for too long.
asio::awaitable<void> stream_input::end_idle(reader& at, std::chrono::milliseconds idle) {
  asio::steady_timer next(at.io());
  while (!streams_.empty()) {
    auto earliest = steady_time::max();
    const auto now = at.clock().now();
    for (auto& each : streams_) {
      if (now - each.active >= idle && !each.idle) {
        each.idle = true;
        each.ready.cancel();
      } else {
        earliest = std::min(earliest, each.active + idle);
      }
    }
    next.expires_at(earliest == steady_time::max() ? now + idle : earliest);
    co_await next.async_wait(await);
  }
  watching_ = false;
}

void stream_input::stop(stop_kind) noexcept {
  stopping_ = true;
  for (auto& each : streams_) {
    boost::system::error_code ignored;
    each.ready.cancel(ignored);
  }
}

}  // namespace logrelay
