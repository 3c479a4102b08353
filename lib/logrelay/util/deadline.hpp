#pragma once
/// When a time that a caller gave is over: what is added to a clock must not run over its end.
#include <logrelay/util/clock.hpp>

#include <algorithm>

namespace logrelay {

/// So much after `now`; `now` where that is negative. A time beyond all that there is makes `max()`, which is no deadline.
[[nodiscard]] inline steady_time deadline_in(std::chrono::milliseconds time, steady_time now = std::chrono::steady_clock::now()) {
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(steady_time::max() - now);
  return time < rest ? now + std::max(time, std::chrono::milliseconds(0)) : steady_time::max();
}

}  // namespace logrelay
