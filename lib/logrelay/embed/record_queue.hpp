#pragma once
/// The queue handler of a program: where its threads hand their records over to one output's listener.
///
/// A record is packed once (decode/packed.hpp) into an open block of memory, behind those of all other threads, under a
/// lock that is held for that copy alone. The block's records go on as one batch, into the queue that stands behind, when
/// the listener looks for more, a slice is full, or somebody asks for the account. So what a record costs its thread is the
/// copy; overflow, gaps, the ledger and memory are the queue's, reached once for some thousand records.
///
/// A listener that was busy until now looks again by itself, for some milliseconds, before it sleeps: nobody pays for
/// waking it while records keep coming. (Waking a thread costs its waker 5 µs, fifty times the rest.) Where little is there
/// it looks every 100 µs at most, and then every 800 µs, so that it hardly ever has the lock, its place in the cache, or the
/// processor of who logs, when a record comes. Until ready() says that it is worth it, what is not a batch yet stays here.
///
/// publish(), has_room() and the room callbacks: any thread. The rest as core/queue.hpp says.
#include <logrelay/core/block.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/decode/packed.hpp>
#include <logrelay/util/brief_lock.hpp>
#include <logrelay/util/guarded.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

namespace logrelay {

struct record_rules {
  std::size_t capacity_bytes = 64 * 1024 * 1024;  ///< of all of it, with what behind() leaves the queue behind
  bool waits = false;  ///< a full queue holds whoever publishes, as `block` and `adaptive` have it; else it never waits
  std::shared_ptr<const source> from;             ///< of every record; decodes as `packed`
};

enum class published : std::uint8_t {
  accepted,  ///< in the queue's account now, whatever its overflow does with it later
  refused,   ///< by a full queue, since it was a listener that would have had to wait: counted in refused()
  closed,    ///< nothing was done
};

class record_queue final : public queue {
 public:
  /// Makes the queue behind, which calls what it is given when it has room again (queue_events).
  using queue_maker = std::function<std::shared_ptr<queue>(std::function<void()> on_room)>;
  record_queue(const record_rules& rules, const queue_maker& behind, const block_pool& pool, std::function<void()> on_lines);
  ~record_queue() override;

  /// Costs a copy of the record. Waits only where the rules say so, and never in a listener's thread.
  published publish(const program_record& one);
  /// What is there goes to the listener at once, which else comes for it within a millisecond. `then`, where it is given,
  /// becomes true behind that, before the listener is woken.
  void hand_over(std::atomic<bool>* then = nullptr);
  /// Records that were refused.
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(); }

  /// Whether a slice of records finds room without anything being dropped or held.
  [[nodiscard]] bool has_room() const;
  /// Calls `tell` once when there is room, or the queue is closed, from whatever thread makes it; at once where that is
  /// so now. Returns what forget() takes; 0: it was called.
  std::uint64_t when_room(std::function<void()> tell);
  /// True: it was not called, and never will be.
  bool forget(std::uint64_t waiter);

  /// For fork(2): the lock is held by the thread that forks, so that the child finds all of it whole.
  void lock() { now_.mutex.lock(); }
  void unlock() { now_.mutex.unlock(); }
  /// In the child: nobody takes from it any more. Under the lock.
  void shut();

  void prepare() override { behind_->prepare(); }
  void unprepare() noexcept override { behind_->unprepare(); }
  void push(const batch& lines) override;
  room room_now() override { return behind_->room_now(); }
  bool takes(std::size_t bytes) override { return behind_->takes(bytes); }
  void close() override;
  void take(std::vector<batch>& into, std::size_t most_bytes) override;
  void ack(std::size_t bytes, const settled& what) override;
  void progressed() override { behind_->progressed(); }
  void rewind() override;
  bool ready() const override;
  steady_time look_again() const override;
  bool finished() const override;
  void change(const queue_rules& rules) override { behind_->change(behind(rules)); }
  void give_up() override { behind_->give_up(); }
  void leave() override { behind_->leave(); }
  bool left() const override { return behind_->left(); }
  ledger account() const override;

  /// The rules of the queue behind: what is left for it, beside the slice that is being filled.
  static queue_rules behind(queue_rules rules);

  /// Whether this thread is a listener's, which must never wait for room: it is the one who makes it.
  static bool& in_listener();

 private:
  using room_waiters = std::map<std::uint64_t, std::function<void()>>;
  static constexpr std::chrono::microseconds first_nap{100};

  [[nodiscard]] std::size_t unsealed_bytes() const { return static_cast<std::size_t>(now_.used - now_.sealed); }
  [[nodiscard]] std::size_t room_in_block() const { return static_cast<std::size_t>(open_->data() + open_->capacity() - now_.used); }
  void seal() const;
  bool make_space(std::unique_lock<brief_lock>& held, std::size_t bytes);
  bool wait_for_room(std::unique_lock<brief_lock>& held);
  [[nodiscard]] room_waiters with_room();
  bool worth_it(bool slices_wait) const;

  const record_rules rules_;
  const std::size_t slice_bytes_;
  const std::shared_ptr<guarded<record_queue*>> reached_;  // by the queue behind, as long as we are there
  const std::shared_ptr<queue> behind_;
  const std::function<void()> on_lines_;

  /// What a record touches beside the memory that it is copied to: one line of the cache, which comes from another
  /// processor at most once in a call.
  struct alignas(64) {
    brief_lock mutex;  // taken before the lock of the queue behind
    bool listener_sleeps = false;
    char* sealed = nullptr;  // in the open block: what lies between this …
    char* used = nullptr;    // … and this is not in a batch yet …
    char* limit = nullptr;   // … and goes no further than this, for who does not ask make_space()
    tally unsealed;          // what it counts
  } mutable now_;
  static_assert(sizeof(now_) == 64);

  mutable block_pool pool_;
  mutable block_ref open_;
  std::atomic<bool> closed_{false};  // set under the lock
  std::condition_variable_any room_;
  std::size_t held_ = 0;  // threads that wait for room
  room_waiters waiters_;
  std::uint64_t last_waiter_ = 0;
  std::atomic<bool> wanted_{false};  // anybody waits for room
  std::atomic<std::uint64_t> refused_{0};
  // Listener's thread:
  mutable std::chrono::microseconds nap_ = first_nap;         // how long it stays away before it looks again …
  mutable steady_time idle_since_ = steady_time::max();       // … for how long it has done that already …
  mutable steady_time look_again_ = steady_time::max();       // … and until when
};

}  // namespace logrelay
