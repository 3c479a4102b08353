#pragma once
/// The disk's side of a spooling queue: the one thread that touches the spool. It writes what comes in, hands it on, reads
/// again what memory had no room for, moves the cursor behind what is settled, syncs, and at the end keeps what is left.
/// Shared by that thread and its queue, so that one whose disk hangs is let go.
///
/// Threads: run() is its own; before that prepare() is the main thread's. transit() is shared as it says itself; the
/// listener's side tells what it did by taken_out(), acked() and moved().
#include <logrelay/spool/held_receipts.hpp>
#include <logrelay/spool/spool_rules.hpp>
#include <logrelay/spool/transit.hpp>
#include <logrelay/util/wake.hpp>

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

namespace logrelay {

class spool_worker {
 public:
  /// How much may be settled before the cursor says so: what comes twice after a kill.
  static constexpr std::chrono::milliseconds cursor_every{100};
  static constexpr std::size_t cursor_bytes = 1024 * 1024;

  spool_worker(spool_parts&& given, const block_pool& pool, const time_source& clock, const queue_events& events);

  /// Opens the spool, and finds what is there. Throws error; it may be tried again. What comes in before waits in memory.
  void prepare();
  /// Takes back what prepare() made, once the thread has ended.
  void unprepare() noexcept;
  /// What prepare() made is to be theirs. Main thread.
  void give_to(uid_t user, gid_t group) { my_.give(*folder_, user, group); }
  /// Until leave().
  void run();

  [[nodiscard]] const std::string& name() const { return my_.name; }
  [[nodiscard]] spool_transit& transit() { return transit_; }
  [[nodiscard]] const spool_transit& transit() const { return transit_; }
  /// The listener has taken lines from the outbox; has settled some; or has moved, if not by a line.
  void taken_out();
  void acked();
  void moved();
  void leave();
  [[nodiscard]] bool has_left() const { return left_.load(); }

 private:
  [[nodiscard]] bool spills() const { return my_.rules.disk == spool_rules::begins::when_full; }
  bool write();
  bool pass_by();
  bool sync_batch();
  void hand_on(const spool::appended& done, bool caught_up);
  bool make_room();
  void forget_taken(std::size_t bytes);
  void drop_first();
  bool read();
  void settle(bool now);
  void sync_timed();
  void tell_receipts();
  [[nodiscard]] std::uint64_t lines_before_disk(const spool_place& place) const;
  void end_if_done();
  void sleep();
  void keep_rest();
  bool failed(std::string_view tried, int error_number);
  void worked();
  [[nodiscard]] bool may_write() const { return clock_.now() >= write_again_; }
  [[nodiscard]] bool may_read() const { return lines_->unread() && clock_.now() >= read_again_ && transit_.wants_from_disk(); }
  [[nodiscard]] bool safely() const { return my_.rules.sync != spool_rules::safety::none; }

  const spool_parts my_;
  block_pool pool_;
  const time_source& clock_;
  const std::function<void()> on_left_;
  wake alarm_;
  spool_transit transit_;
  std::unique_ptr<disk> folder_;
  std::unique_ptr<spool> lines_;
  std::atomic<bool> leaving_{false}, left_{false};
  std::atomic<bool> blocked_{false};         // the disk takes nothing
  std::atomic<bool> watches_outbox_{false};  // what the listener does is to wake it

  std::vector<batch> taken_;  // out of the inbox, and not yet written
  held_receipts receipts_;
  const std::shared_ptr<const source> notices_;
  steady_time write_again_{}, read_again_{}, next_cursor_{}, next_sync_ = steady_time::max();
  spool_place cursor_;  // as it was written last
  bool failing_ = false, ended_ = false;
  wall_time last_read_{};
};

}  // namespace logrelay
