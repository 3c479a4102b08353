#include <logrelay/error.hpp>
#include <logrelay/util/wake.hpp>

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

namespace logrelay {

wake::wake() : eventfd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!eventfd_) throw system_error("make an eventfd", errno);
}

void wake::awake() {
  sleeping_.store(false);
  clear();
}

void wake::signal() noexcept {
  const std::uint64_t one = 1;
  // Only a full counter can refuse, and a full counter wakes as well.
  [[maybe_unused]] const auto written = ::write(eventfd_.get(), &one, sizeof one);
}

void wake::clear() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(eventfd_.get(), &count, sizeof count);
}

}  // namespace logrelay
