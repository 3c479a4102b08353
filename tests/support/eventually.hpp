#pragma once
/// Waiting for something to become true, with an end: what tests do in place of sleeping.
#include <chrono>
#include <thread>

namespace logrelay::support {

using namespace std::chrono_literals;

/// Long enough for any machine; only a failing test waits so long.
inline constexpr std::chrono::milliseconds patience = 30s;

/// Asks every millisecond until `condition` holds; what it last said, once `limit` has passed.
template <typename Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::milliseconds limit = patience) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return condition();
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace logrelay::support
