#include <support/collector.hpp>

#include <poll.h>
#include <sys/eventfd.h>

#include <cstdint>
#include <vector>

namespace logrelay::support {

collector::collector(fd output, fd error)
    : pipes_{std::move(output), std::move(error)},
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { collect(); }) {}

collector::~collector() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

std::string collector::text(std::size_t which) const {
  const std::lock_guard lock(mutex_);
  return texts_.at(which);
}

void collector::settle(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  settling_ = true;
  ::eventfd_write(wake_.get(), 1);
  settled_.wait_for(lock, limit, [this] { return !settling_; });
}

void collector::collect() {
  for (;;) {
    take_what_is_ready(-1);
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (!settling_) continue;
    lock.unlock();
    while (take_what_is_ready(0)) {
    }
    lock.lock();
    settling_ = false;
    settled_.notify_all();
  }
}

/// Whether there was anything in a pipe.
bool collector::take_what_is_ready(int timeout_ms) {
  // A negative descriptor is one that poll passes over: a pipe at its end.
  std::array<pollfd, 3> waits{pollfd{pipes_[0].get(), POLLIN, 0}, pollfd{pipes_[1].get(), POLLIN, 0},
                              pollfd{wake_.get(), POLLIN, 0}};
  if (::poll(waits.data(), waits.size(), timeout_ms) <= 0) return false;
  if (waits[2].revents) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
  }
  thread_local std::vector<char> buffer(1 << 18);
  bool any = false;
  for (std::size_t i = 0; i < pipes_.size(); ++i) {
    if (!waits.at(i).revents) continue;
    const auto n = ::read(pipes_.at(i).get(), buffer.data(), buffer.size());
    if (n <= 0) {
      pipes_.at(i).reset();
      continue;
    }
    any = true;
    const std::lock_guard lock(mutex_);
    texts_.at(i).append(buffer.data(), static_cast<std::size_t>(n));
  }
  return any;
}

}  // namespace logrelay::support
