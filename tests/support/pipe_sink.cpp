#include <support/pipe_sink.hpp>

#include <logrelay/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <vector>

namespace logrelay::support {
namespace {

fd opened_fifo(const std::string& path) {
  fd fifo(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fifo) throw system_error("open " + path, errno);
  return fifo;
}

}  // namespace

pipe_sink::pipe_sink(fd reading, std::uint64_t bytes_a_second)
    : reading_(std::move(reading)),
      wake_(::eventfd(0, EFD_CLOEXEC)),
      bytes_a_second_(bytes_a_second),
      thread_([this] { read_on(); }) {}

pipe_sink::pipe_sink(const std::string& fifo, std::uint64_t bytes_a_second)
    : pipe_sink(opened_fifo(fifo), bytes_a_second) {}

pipe_sink::~pipe_sink() {
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

std::string pipe_sink::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

void pipe_sink::read_on() {
  const auto since = std::chrono::steady_clock::now();
  std::vector<char> buffer(1 << 16);
  for (;;) {
    std::uint64_t may = buffer.size();
    if (bytes_a_second_ != unpaced) {
      const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
      const auto by_now = static_cast<std::uint64_t>(seconds * static_cast<double>(bytes_a_second_));
      may = std::min(may, by_now - std::min<std::uint64_t>(by_now, bytes_));
    }
    std::array<pollfd, 2> waits{pollfd{wake_.get(), POLLIN, 0}, pollfd{may ? reading_.get() : -1, POLLIN, 0}};
    ::poll(waits.data(), waits.size(), may ? -1 : 5);
    if (waits[0].revents) return;
    if (!waits[1].revents) continue;
    const auto n = ::read(reading_.get(), buffer.data(), may);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) {
      ended_ = true;
      reading_.reset();
      continue;
    }
    const std::lock_guard lock(mutex_);
    text_.append(buffer.data(), static_cast<std::size_t>(n));
    bytes_ += static_cast<std::uint64_t>(n);
  }
}

}  // namespace logrelay::support
