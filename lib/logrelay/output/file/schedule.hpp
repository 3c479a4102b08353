#pragma once
/// When files rotate by the clock on the wall: `every` so and so long, counted from Monday 1970-01-05 at `at` on that
/// clock, so that hours begin when a wall clock's hours do, days at midnight, weeks on Monday. Immutable; any thread.
///
/// A moment that daylight saving leaves out is taken when the clock jumps over it. One that comes twice is taken twice
/// where `every` fits into the hour that is repeated, else the first time only: a day is never cut into two.
#include <logrelay/util/clock.hpp>

#include <chrono>

namespace logrelay {

class schedule {
 public:
  /// `every`: whole seconds, at least 1. `at`: since midnight. In local time (TZ), or UTC.
  schedule(std::chrono::seconds every, std::chrono::seconds at, bool utc) : every_(every), at_(at), utc_(utc) {}

  /// The first boundary behind `now`.
  [[nodiscard]] wall_time after(wall_time now) const;
  /// The last boundary at or before `now`.
  [[nodiscard]] wall_time before(wall_time now) const;

 private:
  [[nodiscard]] std::int64_t offset(std::int64_t second) const;  // local time less UTC
  [[nodiscard]] std::int64_t first_change(std::int64_t from, std::int64_t to) const;
  [[nodiscard]] std::int64_t ahead(std::int64_t second) const;  // seconds to the next boundary, by the zone at `second`
  [[nodiscard]] bool repeated(std::int64_t second) const;

  std::chrono::seconds every_, at_;
  bool utc_;
};

}  // namespace logrelay
