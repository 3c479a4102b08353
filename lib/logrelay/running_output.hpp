#pragma once
/// One output at work: what it was asked for, its queue, and the listener that brings lines from there to it. Made by the
/// main thread from a checked configuration.
#include <logrelay/config.hpp>
#include <logrelay/core/block.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/queue_handler.hpp>
#include <logrelay/core/queue_listener.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/report.hpp>
#include <logrelay/util/wake.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

namespace logrelay {

struct user_and_group;

/// What all parts of one relay have in common.
struct surroundings {
  /// What listeners and their queues call: it outlives the relay in a listener that was let go.
  struct meeting_point {
    wake events;  ///< something has happened that the relay should see
    queue_handler handler;
  };
  const registries& known;
  messages& say;
  const time_source& clock;
  block_pool pool{};
  std::shared_ptr<meeting_point> common = std::make_shared<meeting_point>();
};

/// The parts of one, for who puts them together otherwise (embed/publisher). The queue is in memory, or on disk where a spool
/// or a spill is asked for.
[[nodiscard]] encoding_rules encoding_of(const output_config& config, const registries& known, const output& to);
[[nodiscard]] queue_rules rules_of(const output_config& config, const encoding_rules& encoding);
[[nodiscard]] std::shared_ptr<queue> make_queue(const output_config& config, const queue_rules& limits, queue_events tell, const surroundings& in);

class running_output {
 public:
  /// Nothing is opened yet, and no thread runs. `place` is its own among the outputs that ever were.
  running_output(const output_config& of, std::size_t place, const surroundings& in);
  running_output(running_output&&) noexcept = default;
  running_output& operator=(running_output&&) noexcept = default;

  /// Opens what has to be there at the start. Throws error; unprepare() is to be called then too.
  void prepare();
  void unprepare() noexcept;
  void give_to(const user_and_group& whose);
  void start();

  /// While the relay runs, its queue first; until then its lines wait in memory. Throws error, and may be called again.
  void open_queue();
  [[nodiscard]] bool has_queue() const { return has_queue_; }
  /// The same for one that has lines already: a failure is said, once, and so is that it is over. When to try again; max():
  /// it has its queue.
  [[nodiscard]] steady_time open_queue_late(steady_time now);
  /// What cannot be opened is said, and tried again for ever. False: there is no thread for it, which is said, and it still
  /// waits.
  bool start_late();
  /// Another still is where it wants to be: how long it may drain counts from when that ends.
  void held_up(steady_time now) { held_until_ = now; }

  /// It goes on as another, with the lines that are in its queue: its listener leaves as soon as no line is half-way, and
  /// advance() starts the next. Throws error, and nothing has changed then.
  void change(const output_config& to, steady_time now);
  /// It has no listener yet, and none before it: somebody has to start it.
  [[nodiscard]] bool waits() const { return !started_ && !before_; }
  [[nodiscard]] bool started() const { return started_; }
  /// Looks whether a listener that was told to leave has done so. When to look again; max(): when it says so.
  steady_time advance(steady_time now);

  /// Nothing more comes into its queue.
  void close();
  void abandon();
  /// Its thread has ended, or never began and never will.
  [[nodiscard]] bool done() const;
  /// Nobody takes its lines any more, and nobody ever will.
  [[nodiscard]] bool over() const;
  /// How long it may drain: for as long as it has made progress within `patience`, or until `stop_by`, the one moment for
  /// all. One whose lines are all on disk holds nobody up for longer than its stall-after.
  [[nodiscard]] steady_time may_drain_until(steady_time began, std::chrono::milliseconds patience, std::optional<steady_time> stop_by = {}) const;
  [[nodiscard]] output_report report() const;

  void reopen();
  void rotate();

  output_config config;
  std::size_t place;
  bool takes_all = true;  ///< inputs, also those to come
  std::shared_ptr<queue> lines;

 private:
  struct assembly;
  [[nodiscard]] assembly assemble(const output_config& of) const;
  void succeed();

  const surroundings* in_;
  std::shared_ptr<wake> alarm_ = std::make_shared<wake>();
  std::shared_ptr<std::atomic<std::uint64_t>> capacity_ = std::make_shared<std::atomic<std::uint64_t>>();
  queue_rules rules_;
  std::unique_ptr<queue_listener> listener_;  // not started yet while there is one before it
  std::unique_ptr<queue_listener> before_;    // it is to leave
  listener_report past_;                      // of all that were before
  steady_time told_to_leave_{};
  steady_time held_until_{}, open_again_{};
  bool has_queue_ = false, queue_failing_ = false, lacks_thread_ = false;
  bool started_ = false, abandoned_ = false, said_ = false;
};

}  // namespace logrelay
