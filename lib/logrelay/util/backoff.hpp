#pragma once
/// How long to wait before the next try: doubling from 100 ms to 30 s, each wait cut by up to half at random, so that
/// a thousand relays do not come back to a restarted server in the same instant. One thread.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace logrelay {

class backoff {
 public:
  static constexpr std::chrono::milliseconds first{100}, longest{30'000};

  explicit backoff(std::uint32_t seed = std::random_device{}()) : random_(seed) {}

  [[nodiscard]] std::chrono::milliseconds next() {
    const auto whole = wait_;
    wait_ = std::min(wait_ * 2, longest);
    return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(whole.count() / 2, whole.count())(random_));
  }
  void reset() { wait_ = first; }

 private:
  std::chrono::milliseconds wait_ = first;
  std::minstd_rand random_;
};

}  // namespace logrelay
