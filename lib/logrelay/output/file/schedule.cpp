#include <logrelay/output/file/schedule.hpp>

#include <algorithm>
#include <ctime>

namespace logrelay {
namespace {

constexpr std::int64_t monday = 4 * 86'400;       // 1970-01-05, since 1970-01-01
constexpr std::int64_t longest_shift = 3 * 3600;  // no zone has set its clock back by more and meant the same day

}  // namespace

std::int64_t schedule::offset(std::int64_t second) const {
  if (utc_) return 0;
  const std::time_t time = second;
  std::tm local{};
  ::localtime_r(&time, &local);
  return local.tm_gmtoff;
}

std::int64_t schedule::ahead(std::int64_t second) const {
  const auto passed = (second + offset(second) - at_.count() - monday) % every_.count();
  return every_.count() - (passed < 0 ? passed + every_.count() : passed);
}

// The first second in (from, to] at which the zone's offset is not that of `from`; to + 1 where there is none. No zone
// has set its clock and taken it back within six hours.
std::int64_t schedule::first_change(std::int64_t from, std::int64_t to) const {
  const auto before = offset(from);
  auto low = from;
  for (auto high = from; high < to; low = high) {
    high = std::min(to, low + 6 * 3600);
    if (offset(high) == before) continue;
    while (high - low > 1) (offset(low + (high - low) / 2) == before ? low : high) = low + (high - low) / 2;
    return high;
  }
  return to + 1;
}

// Whether the same wall time was there already, and `every` is too long for both to count.
bool schedule::repeated(std::int64_t second) const {
  const auto shift = offset(second - longest_shift) - offset(second);
  return shift > 0 && every_.count() > shift && offset(second - shift) == offset(second - longest_shift);
}

wall_time schedule::after(wall_time now) const {
  auto at = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  for (;;) {
    auto next = at + ahead(at);
    if (const auto change = first_change(at, next); change <= next) {
      // Here the clock on the wall is set: forward, maybe over a boundary or onto one, or back, maybe onto one.
      const auto jumped = offset(change) - offset(change - 1);
      const auto missing = ahead(change - 1) - 1;  // to the next boundary, had it not been set
      if (jumped > 0 ? missing > jumped : ahead(change) != every_.count()) {
        at = change;
        continue;
      }
      next = change;
    }
    if (!repeated(next)) return wall_time(std::chrono::seconds(next));
    at = next;
  }
}

wall_time schedule::before(wall_time now) const {
  auto found = after(now - every_ - std::chrono::seconds(longest_shift + 1));
  for (auto next = after(found); next <= now; next = after(found)) found = next;
  return found;
}

}  // namespace logrelay
