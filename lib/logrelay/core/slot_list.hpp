#pragma once
/// What a memory queue holds: runs of lines in order, first those that its listener has taken, then those that wait, with
/// notices where lines are missing. It knows what they cost (bytes and slots) and what memory they keep alive. Belongs to
/// its queue, under whose lock it is; decides nothing about what is dropped.
///
/// A slice that goes on where the last one ended is merged with it, so that a trickle of lines costs what a flood does.
/// A slice is no larger burden than its bytes: where small slices would keep whole blocks alive (an output that takes one
/// input's few lines out of a rush of others), they are copied together, so that memory stays within the bytes,
/// `most_waste`, and the block of the line at the front.
#include <logrelay/core/ledger.hpp>
#include <logrelay/util/spare_memory.hpp>

#include <deque>
#include <memory_resource>
#include <vector>

namespace logrelay {

/// Lines that were dropped in one place.
struct gap {
  tally dropped;
  drop_reason why = drop_reason::queue_full;
  wall_time from{}, to{};
  void join(const gap& with);
};

struct slot {
  batch lines;
  std::unique_ptr<gap> lost;  ///< a notice: `lines` are its text once it is taken
  std::chrono::duration<std::uint32_t, std::nano> span{0};  ///< how long behind the first the last of its bytes were read
  bool pins = false;          ///< its block counts as kept alive by it, and not by the slot before

  [[nodiscard]] wall_time last() const { return lines.time + span; }
};

class slot_list {
 public:
  static constexpr std::size_t most_waste = 1024 * 1024;
  static constexpr std::size_t most_merged = 4 * 1024 * 1024;  ///< small enough that dropping or cutting it is quick

  /// `keep_times`: each read's own time matters, and slices of different times are not merged. `merged`: no slice becomes
  /// larger than this.
  slot_list(const block_pool& pool, bool keep_times, std::size_t merged = most_merged)
      : pool_(pool), merged_(merged), keep_times_(keep_times) {}
  void keep_times(bool yes) { keep_times_ = yes; }

  [[nodiscard]] bool empty() const { return taken_.empty() && waiting_.empty(); }
  [[nodiscard]] bool any_taken() const { return !taken_.empty(); }
  [[nodiscard]] bool any_waiting() const { return !waiting_.empty(); }
  /// Bytes and slots, of all and of those that wait.
  [[nodiscard]] std::size_t charge() const { return charged_; }
  [[nodiscard]] std::size_t waiting_charge() const { return waiting_charged_; }
  [[nodiscard]] const slot& oldest() const { return taken_.empty() ? waiting_.front() : taken_.front(); }

  [[nodiscard]] slot& oldest_waiting() { return waiting_.front(); }
  [[nodiscard]] bool ends_with_notice() const { return !waiting_.empty() && waiting_.back().lost; }
  void append(batch&& lines);
  void drop_oldest_waiting();
  /// Takes `bytes` bytes, which end a line and are not all, off the oldest that waits.
  [[nodiscard]] batch cut_oldest_waiting(std::size_t bytes);
  /// A notice before all that wait, or behind them. Neighbours become one.
  void prepend_notice(gap&& lost, const std::shared_ptr<const source>& from);
  void append_notice(gap&& lost, const std::shared_ptr<const source>& from);

  /// The oldest that waits is taken now: all of it, or of lines about `most_bytes`, and one line at least.
  const batch& take_lines(std::size_t most_bytes);
  const batch& take_notice(batch&& text);

  [[nodiscard]] const batch& oldest_taken() const { return taken_.front().lines; }
  void drop_oldest_taken();
  [[nodiscard]] batch cut_oldest_taken(std::size_t bytes);
  /// What was taken waits again, and its notices may grow again.
  void rewind();
  /// Settles the receipts of all lines, which stay, but for slices that have any of the first.
  void settle_receipts(std::uint64_t but_first_lines = 0);
  /// The same, with the lines counted as lost.
  void lose_receipts(std::uint64_t but_first_lines = 0);

  /// All lines, notices left out.
  void contents(std::vector<batch>& into) const;

 private:
  bool merge(const batch& lines);
  [[nodiscard]] bool wastes_memory(const batch& lines) const;
  [[nodiscard]] batch compacted(const batch& lines);
  [[nodiscard]] batch copy_of(const batch& lines);
  [[nodiscard]] slot notice_slot(gap&& lost, const std::shared_ptr<const source>& from);
  void leave_block(slot& moving);
  void unpin(slot& leaving, slot* next);
  void pin(slot& one);
  void pay(slot& gone);
  [[nodiscard]] slot* behind_taken() { return waiting_.empty() ? nullptr : &waiting_.front(); }
  [[nodiscard]] std::size_t line_bytes() const { return charged_ - (taken_.size() + waiting_.size()) * sizeof(slot); }

  block_pool pool_;
  const std::size_t merged_;
  bool keep_times_;
  // Slots come and go without malloc. Each has its own, so that many that the listener takes leave some to who pushes.
  spare_memory taken_nodes_, waiting_nodes_;
  std::pmr::deque<slot> taken_{&taken_nodes_}, waiting_{&waiting_nodes_};
  std::unique_ptr<gap> spare_gap_;  // of a notice that has gone, for the next
  std::size_t charged_ = 0, waiting_charged_ = 0;
  std::size_t pinned_ = 0;  // capacity of the blocks that slots keep alive; one that comes twice counts twice
  block_ref compact_;       // where small slices are copied together
  std::size_t compact_used_ = 0;
};

}  // namespace logrelay
