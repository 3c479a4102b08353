#pragma once
/// A clock that shows what a test sets it to. One thread sets it, any thread may look.
#include <logrelay/util/clock.hpp>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <string>

namespace logrelay::support {

class set_clock final : public time_source {
 public:
  /// "2026-11-22T14:05:01.123456Z"
  explicit set_clock(const std::string& text) { set(text); }

  void set(const std::string& text) {
    std::tm at{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S.", &at);
    const auto since_1970 = std::chrono::seconds(::timegm(&at)) + std::chrono::microseconds(std::atol(rest));
    wall_ = std::chrono::nanoseconds(since_1970).count();
  }
  [[nodiscard]] wall_time wall() const override { return wall_time(std::chrono::nanoseconds(wall_)); }

 private:
  std::atomic<std::int64_t> wall_ = 0;
};

}  // namespace logrelay::support
