#pragma once
/// The account of one output. accepted = delivered + filtered + dropped + rejected + pending, at any moment. A ledger
/// is changed under its queue's lock together with the queue, once a batch; a report copies it under the same lock.
#include <logrelay/core/batch.hpp>

#include <array>
#include <string_view>

namespace logrelay {

enum class drop_reason : std::uint8_t { queue_full, too_large, damaged };
inline constexpr std::size_t drop_reasons = 3;
[[nodiscard]] constexpr std::string_view drop_reason_name(drop_reason why) {
  constexpr std::array<std::string_view, drop_reasons> names{"queue full", "too large", "damaged on disk"};
  return names[static_cast<std::size_t>(why)];
}

struct ledger {
  tally accepted, delivered, filtered, rejected, pending;
  std::array<tally, drop_reasons> dropped_by{};
  tally markers;                 ///< notices written, in none of the above
  tally found;                   ///< of the accepted, those that an earlier run had left on disk
  tally spooled;                 ///< of the pending, those that the next start would find on disk
  std::uint64_t disk_bytes = 0;  ///< that the files take
  std::size_t queue_bytes = 0;       ///< memory that the queue is charged with
  std::size_t queue_peak_bytes = 0;
  wall_time oldest{};            ///< when the oldest pending line was read; zero: nothing pending
  steady_time last_progress{};
  bool dropping = false;         ///< lines are lost since its queue was last half empty

  [[nodiscard]] tally dropped() const {
    tally all;
    for (const auto& each : dropped_by) all += each;
    return all;
  }
  [[nodiscard]] bool balances() const { return accepted == delivered + filtered + rejected + dropped() + pending; }
};

}  // namespace logrelay
