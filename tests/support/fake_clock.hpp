#pragma once
/// A clock that moves when the test says so. Both of its times begin at whole milliseconds, in 2026.
#include <logrelay/util/clock.hpp>

#include <atomic>

namespace logrelay::support {

class fake_clock final : public time_source {
 public:
  [[nodiscard]] steady_time now() const override { return steady_time(std::chrono::seconds(1000) + passed()); }
  [[nodiscard]] wall_time wall() const override { return wall_time(std::chrono::seconds(1'795'356'301) + passed()); }
  void pass(std::chrono::milliseconds time) { passed_ += time.count(); }

 private:
  [[nodiscard]] std::chrono::milliseconds passed() const { return std::chrono::milliseconds(passed_.load()); }
  std::atomic<std::int64_t> passed_{0};
};

}  // namespace logrelay::support
