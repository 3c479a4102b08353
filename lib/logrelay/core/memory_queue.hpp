#pragma once
/// The queue in memory: slices of the blocks that were read into, bounded in bytes.
///
/// What it is charged for is each slice's bytes plus its slot.
///
/// Overflow. `block` and `adaptive` take everything and hold the inputs (room_now) when full. An adaptive queue whose
/// output has been dead for `stall_after` gives that up: it drops the oldest lines until it is half empty again.
/// Dropped lines leave a notice in their place. What was taken and is not acked is never dropped.
///
/// Pace: while an output keeps moving, a block or adaptive queue holds its inputs at `pace_bytes` untaken, for a
/// few milliseconds at a time, so that lines stay in the cache and few are in memory at a kill -9. Once the output has
/// not moved for that long the queue takes what it may hold: a writer with a pipe's worth of slack does not feel it.
/// (Without it a pipe to a file on tmpfs ran at 0.6 of this speed: every byte went through memory twice.)
#include <logrelay/core/queue.hpp>
#include <logrelay/core/slot_list.hpp>

#include <algorithm>
#include <mutex>

namespace logrelay {

enum class overflow : std::uint8_t { block, drop_newest, drop_oldest, adaptive };

struct queue_rules {
  std::size_t capacity_bytes = 64 * 1024 * 1024;
  overflow when_full = overflow::adaptive;
  std::chrono::milliseconds stall_after{2000};
  bool gap_marker = true;
  std::size_t pace_bytes = 1024 * 1024;  ///< what may wait of an output that moves
  bool keep_times = false;  ///< the output wants each read's own time: slices of different times are not merged
  /// Not 0: slices, of so many bytes at most unless a line is larger, are taken whole, and dropped whole where the oldest go;
  /// else by the line. (Where lines lie behind their lengths, to find the end of one takes a look at each before it.)
  std::size_t whole_slices_of = 0;
};

class memory_queue final : public queue {
 public:
  static constexpr std::size_t most_waste = slot_list::most_waste;
  static constexpr std::chrono::milliseconds pace_wait{5};

  memory_queue(const queue_rules& rules, const block_pool& pool, const time_source& clock, queue_events events);

  void push(const batch& lines) override;
  room room_now() override;
  bool takes(std::size_t bytes) override;
  void close() override;
  void take(std::vector<batch>& into, std::size_t most_bytes) override;
  void ack(std::size_t bytes, const settled& what) override;
  void progressed() override;
  void rewind() override;
  bool ready() const override;
  bool finished() const override;
  void change(const queue_rules& rules) override;
  void give_up() override;
  ledger account() const override;

  /// What waits to be taken, with its slots. Any thread.
  [[nodiscard]] std::size_t waiting_bytes() const;
  /// All lines that it holds, taken or not, for whoever keeps them elsewhere at the end. Any thread.
  void contents(std::vector<batch>& into) const;
  /// … and has, but for the first: their receipts are settled.
  void contents_are_safe(std::uint64_t but_first_lines = 0);
  /// … or cannot say that they are: they count as lost.
  void contents_are_lost(std::uint64_t but_first_lines = 0);

 private:
  bool take_some(std::vector<batch>& into, std::size_t most_bytes);
  void append(batch&& lines);
  void make_room_for(batch& lines);
  [[nodiscard]] std::size_t bytes_left_for_lines() const;
  void drop_oldest(std::size_t bytes);
  void drop(const batch& lines, wall_time last, gap& into);
  [[nodiscard]] std::size_t most_taken() const { return rules_.capacity_bytes / 2; }
  [[nodiscard]] bool may_take() const;
  [[nodiscard]] std::size_t free_bytes() const { return rules_.capacity_bytes - std::min(slots_.charge(), rules_.capacity_bytes); }
  void note_peak();
  void moved();
  bool room_again();

  block_pool pool_;
  const time_source& clock_;
  const queue_events events_;
  const std::shared_ptr<const source> notices_;

  mutable std::mutex mutex_;
  queue_rules rules_;
  slot_list slots_;
  bool closed_ = false;
  bool dropping_ = false;    // adaptive: the output is dead
  bool losing_ = false;      // lines were dropped since it was last half empty …
  tally lost_before_;        // … beside those
  enum class hold : std::uint8_t { none, to_pace, until_room };
  hold holding_ = hold::none;  // somebody waits for on_room …
  bool asked_ = false;         // … or wants to be told when there is any more
  steady_time full_since_ = steady_time::max();
  ledger ledger_;
};

}  // namespace logrelay
