#include <support/sink.hpp>

#include <support/eventually.hpp>

#include <logrelay/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay::support {
namespace {

using clock = std::chrono::steady_clock;

fd made_wake() { return fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
void rouse(const fd& wake) { ::eventfd_write(wake.get(), 1); }

std::string tcp_endpoint(const fd& listener, family family) {
  return (family == family::ipv4 ? "tcp://127.0.0.1:" : "tcp://[::1]:") + std::to_string(port_of(listener));
}

}  // namespace

stream_sink::stream_sink(fd listener, sink_behaviour behaviour, family family)
    : stream_sink(std::move(listener), behaviour, std::string()) {
  endpoint_ = tcp_endpoint(listener_, family);
  discards_ = !behaviour.keeps;
}

stream_sink::stream_sink(fd listener, sink_behaviour behaviour, const std::string& path)
    : listener_(std::move(listener)),
      wake_(made_wake()),
      endpoint_("unix:" + path),
      behaviour_(behaviour),
      reads_(behaviour.reads),
      buffer_(1 << 20) {
  if (behaviour_.receive_buffer) {
    // On the listener: connections take it over, and with it the window that they offer first.
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &behaviour_.receive_buffer, sizeof behaviour_.receive_buffer);
  }
  if (behaviour_.listens) listen_on(listener_);
  thread_ = std::thread([this] { serve(); });
}

stream_sink::~stream_sink() {
  stopping_ = true;
  rouse(wake_);
  thread_.join();
}

void stream_sink::listen() {
  listen_on(listener_);
  rouse(wake_);
}

void stream_sink::start_reading() {
  reads_ = true;
  rouse(wake_);
}

void stream_sink::hang_up() {
  hangs_up_ = true;
  rouse(wake_);
  if (!eventually([this] { return !hangs_up_; })) throw error("a sink did not hang up");
}

std::string stream_sink::text() const {
  std::string all;
  for (const auto& text : texts()) all += text;
  return all;
}

std::vector<std::string> stream_sink::texts() const {
  const std::lock_guard lock(mutex_);
  return texts_;
}

void stream_sink::serve() {
  while (!stopping_) {
    int accepting = 0;
    socklen_t size = sizeof accepting;
    ::getsockopt(listener_.get(), SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size);
    std::vector<pollfd> waits{{wake_.get(), POLLIN, 0}, {accepting ? listener_.get() : -1, POLLIN, 0}};
    int timeout = -1;
    for (const auto& from : connections_) {
      const bool may = reads_ && allowed(from) > 0;
      if (reads_ && !may) timeout = 5;
      waits.push_back({may ? from.socket.get() : -1, POLLIN, 0});
    }
    if (::poll(waits.data(), waits.size(), timeout) < 0) continue;
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (waits[i + 2].revents) take_bytes(connections_[i]);
    }
    std::erase_if(connections_, [](const connection& from) { return !from.socket; });
    if (waits[1].revents) take_connection();
    if (hangs_up_) {
      connections_.clear();
      hangs_up_ = false;
    }
  }
}

void stream_sink::take_connection() {
  fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  const bool behaves = accepted_ < behaviour_.connections;
  {
    const std::lock_guard lock(mutex_);
    texts_.emplace_back();
  }
  connections_.push_back({std::move(socket), texts_.size() - 1, 0, clock::now(), behaves});
  ++accepted_;
}

void stream_sink::take_bytes(connection& from) {
  // Who keeps nothing needs no copy of it either (tcp(7), MSG_TRUNC).
  const auto n = ::recv(from.socket.get(), buffer_.data(), std::min<std::uint64_t>(buffer_.size(), allowed(from)),
                        discards_ ? MSG_TRUNC : 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return from.socket.reset();
  const auto size = static_cast<std::size_t>(n);
  from.bytes += size;
  if (behaviour_.keeps) {
    const std::lock_guard lock(mutex_);
    texts_[from.place].append(buffer_.data(), size);
  }
  bytes_ += size;
  if (!from.behaves || from.bytes < behaviour_.close_after) return;
  if (behaviour_.resets) reset(std::move(from.socket));
  from.socket.reset();
}

/// Bytes that may be read from it now.
std::uint64_t stream_sink::allowed(const connection& from) const {
  if (!from.behaves) return sink_behaviour::never;
  auto may = behaviour_.close_after - from.bytes;
  if (behaviour_.bytes_a_second != sink_behaviour::never) {
    const auto seconds = std::chrono::duration<double>(clock::now() - from.since).count();
    const auto by_now = static_cast<std::uint64_t>(seconds * static_cast<double>(behaviour_.bytes_a_second));
    may = std::min(may, by_now - std::min(by_now, from.bytes));
  }
  return may;
}

datagram_sink datagram_sink::udp(family family) { return {bound_udp(family), family}; }

datagram_sink datagram_sink::late_udp(family family) { return {deaf_udp(family), family}; }

datagram_sink datagram_sink::unixgram(const std::string& path) { return {bound_unixgram(path), "unixgram:" + path}; }

datagram_sink::datagram_sink(fd socket, family family)
    : socket_(std::move(socket)),
      wake_(made_wake()),
      endpoint_((family == family::ipv4 ? "udp://127.0.0.1:" : "udp://[::1]:") + std::to_string(port())),
      thread_([this] { serve(); }) {}

datagram_sink::datagram_sink(fd socket, std::string endpoint)
    : socket_(std::move(socket)), wake_(made_wake()), endpoint_(std::move(endpoint)), thread_([this] { serve(); }) {}

datagram_sink::~datagram_sink() {
  rouse(wake_);
  thread_.join();
}

std::vector<std::string> datagram_sink::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

std::size_t datagram_sink::count() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

void datagram_sink::serve() {
  std::vector<char> buffer(1 << 18);
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{wake_.get(), POLLIN, 0}, pollfd{socket_.get(), POLLIN, 0}};
    ::poll(waits.data(), waits.size(), -1);
    if (waits[0].revents) return;
    const std::lock_guard lock(mutex_);
    const auto n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0) continue;
    messages_.emplace_back(buffer.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace logrelay::support
