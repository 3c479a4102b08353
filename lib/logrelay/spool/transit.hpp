#pragma once
/// What a spooling queue holds in memory, on both sides of its disk, and one account over all three.
///
///     push → inbox → the disk's thread → outbox → take
///
/// Lines that are written go on from memory as long as the outbox has room; behind lines that did not they are left on
/// disk, and read again in their turn. Each side has half of the queue's memory. The inbox drops by the output's policy,
/// the outbox never. A spill whose disk is empty is bypassed: lines go to the outbox at once, and its disk's thread sleeps.
///
/// Pace: what is handed on from memory while it is still in the processor's cache costs a third of what has to be read
/// again from disk. So an input is held while an output that moves is a megabyte behind, but for 5 ms of each 4 MiB at
/// most: a slow output costs disk, not time.
///
/// Threads: push(), room_now(), close() and account() any; from_disk() and the like the disk's thread; take() and the like
/// go to outbox(), the listener. Nothing here waits, and nothing touches the disk.
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/spool/record.hpp>

#include <atomic>
#include <deque>
#include <mutex>

namespace logrelay {

class spool_transit {
 public:
  /// A hold of an input so that an output which is nearly as fast can keep up, and how much the input may say before the
  /// next one.
  static constexpr std::chrono::milliseconds hold{5};
  static constexpr std::uint64_t between_holds = 4 * 1024 * 1024;

  /// `on_inbox`: the disk's thread has something to do. `spills`: the disk begins when memory is full.
  spool_transit(const queue_rules& rules, bool spills, const block_pool& pool, const time_source& clock, const queue_events& events,
                std::function<void()> on_inbox);

  // ---- any thread
  void push(const batch& lines);
  [[nodiscard]] room room_now();
  [[nodiscard]] bool takes(std::size_t bytes);
  void close();
  /// What is in memory only will not be found again.
  void give_up() { inbox_.give_up(), outbox_.give_up(); }
  [[nodiscard]] ledger account() const;
  [[nodiscard]] memory_queue& outbox() { return outbox_; }
  /// The disk cannot take more, but it is not that nothing moves.
  void progressed_behind() { inbox_.progressed(); }

  // ---- the disk's thread
  /// What an earlier run left, before anything is taken in. Until then all that is pushed waits in the inbox.
  void found(const spool_place& settled, const spool_place& end);
  void take_in(std::vector<batch>& into, std::size_t most_bytes);
  [[nodiscard]] bool inbox_ready() const { return inbox_.ready(); }
  [[nodiscard]] bool inbox_finished() const { return inbox_.finished(); }
  /// The outbox is nearly empty: lines that are on disk only are needed now.
  [[nodiscard]] bool wants_from_disk() const { return outbox_.waiting_bytes() < read_ahead_; }
  /// Whether the outbox takes so many bytes more, in so many slices.
  [[nodiscard]] bool has_room(std::size_t bytes, std::size_t slices = 1) const;
  /// Nothing is on disk that has yet to go through the outbox.
  [[nodiscard]] bool disk_is_read() const;
  /// The first `bytes` of what was taken in go on to the outbox, from memory, written or not.
  void pass_on(std::span<const batch> lines, std::size_t bytes);
  /// … or stay on disk for now.
  void leave_on_disk(const tally& lines, std::size_t bytes, wall_time time);
  void from_disk(const batch& lines);
  /// Lines that were on disk and are not.
  void damaged(const tally& lines);
  /// A line of what was taken in that is larger than the disk.
  void too_large(const tally& line, std::size_t bytes);
  /// Nothing more will come from the disk.
  void end() { outbox_.close(); }
  /// Up to where everything is settled, and where what is pushed next will be.
  [[nodiscard]] spool_place settled() const;
  [[nodiscard]] spool_place behind_memory() const;
  /// A spill: lines are on disk from there on; or nowhere. Then it may be bypassed, if nothing came in meanwhile.
  void disk_begins(const spool_place& at);
  void disk_ends();
  void disk_takes(std::uint64_t bytes);
  /// At the end: so many of the last lines on disk were to be safe, and are not.
  void disk_lacks(const tally& unsafe);

 private:
  [[nodiscard]] spool_place settled_now(const ledger& out) const;
  [[nodiscard]] bool is_inbox_empty() const;
  [[nodiscard]] room paced(const room& in);
  void tell_room();

  const bool spills_;
  const std::size_t capacity_, read_ahead_;
  const time_source& clock_;
  const std::function<void()> on_room_;
  std::atomic<bool> inbox_has_room_{false};  // who waits for it is told without our lock
  mutable std::mutex mutex_;
  memory_queue inbox_, outbox_;
  steady_time held_until_{};
  std::uint64_t next_hold_ = 0;  // when so many bytes were accepted
  bool bypassed_;
  tally direct_;    // went to the outbox at once
  tally found_, on_disk_, damaged_, too_large_, unsafe_;
  wall_time disk_time_{};  // of the first line that is on disk only
  std::uint64_t disk_bytes_ = 0;
  spool_place disk_begin_;
  bool has_disk_;
  // Places: what has left the outbox, behind where it began, and the holes between.
  struct hole {
    std::uint64_t behind_lines;  // of what went into the outbox
    tally lost;
  };
  spool_place base_;
  std::deque<hole> holes_;
};

}  // namespace logrelay
