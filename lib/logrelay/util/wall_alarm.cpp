#include <logrelay/util/wall_alarm.hpp>

#include <sys/timerfd.h>

#include <cstdint>

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#endif

namespace logrelay {

void wall_alarm::set(wall_time when) {
  if (when == when_) return;
  if (!timer_) timer_.reset(::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  itimerspec at{};
  if (when != wall_time::max()) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
    at.it_value = {seconds.time_since_epoch().count(), (when - seconds).count()};
  }
  if (timer_ && ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, nullptr) == 0)
    when_ = when;
}

void wall_alarm::clear() {
  std::uint64_t times = 0;
  [[maybe_unused]] const auto got = ::read(timer_.get(), &times, sizeof times);  // ECANCELED: the clock was set
  when_ = wall_time::max();  // a timer that has run, or was cancelled, has to be set again
}

}  // namespace logrelay
