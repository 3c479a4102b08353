#pragma once
/// The pair for programs: one output with its queue and its listener thread, to which any thread publishes.
///
///     logrelay::publisher audit("/var/log/audit.log,rotate=64M,keep=10,format=json");
///     audit.publish("user 42 logged in");
///     … co_await logrelay::async_room(audit, boost::asio::use_awaitable);      // embed/async_room.hpp
///     auto report = audit.stop(5s);
///
/// The endpoint is written as for the program (logrelay(1)), with the same options, except that a full queue drops its
/// oldest records unless `overflow` says otherwise: a program's threads are not to wait for its log. Records carry level,
/// time, logger and place, and every format finds them.
///
/// Owned by the program. publish(), has_room(), report() and stop(): any thread. Its destructor stops it, as exit(3) and
/// quick_exit(3) do, within `drain`; nothing else may use it then. A child of fork(2) has what its own threads publish
/// brought by a listener of its own; what the parent had queued is the parent's.
///
/// Cost of publish(): a lock held for the copy of the record; no allocation, no system call while the listener is awake.
#include <logrelay/core/ledger.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/decode/packed.hpp>
#include <logrelay/registry.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

enum class published : std::uint8_t;  // embed/record_queue.hpp

/// What became of what was published: at this moment, or at the end.
struct publisher_report {
  std::string name;
  ledger account;             ///< lines and bytes; a record's bytes include the 32 and more that it is packed in
  std::uint64_t refused = 0;  ///< beside the account: published when nothing could take them any more
  std::uint64_t retries = 0;
  std::string last_error;
  bool let_go = false;  ///< its listener hung in the output at the deadline, and was left to itself

  [[nodiscard]] std::uint64_t delivered() const { return account.delivered.lines; }
  [[nodiscard]] std::uint64_t dropped() const { return account.dropped().lines + account.rejected.lines + refused; }
  [[nodiscard]] std::uint64_t left() const { return account.pending.lines - account.spooled.lines; }
};

/// An output that is made in code, not from an endpoint: for adopted sinks, and for outputs of one's own.
struct custom_output {
  std::string name;
  std::function<std::unique_ptr<output>()> make;                             ///< again in a child of fork
  std::function<std::unique_ptr<format>()> body = {};                        ///< none: the record's message
  std::function<void(std::vector<std::unique_ptr<filter>>&)> filters = {};
  queue_rules rules{.when_full = overflow::drop_oldest};
  std::chrono::milliseconds drain{5000};
  std::function<void()> let_go = {};  ///< called where a listener that hangs is let go, before it is stopped(); must not wait
  bool listener_in_child = true;  ///< else a child's records are closed out (publish() says so)
};

class publisher {
 public:
  static constexpr std::chrono::milliseconds default_drain{5000};
  /// Every kind that logrelay brings; lasts until the process ends.
  static const registries& standard_kinds();

  /// Opens what has to be there and starts the listener. Throws error: what is wrong with the endpoint, all of it, or what
  /// cannot be opened. `known`: the kinds that there are; with rows of one's own they outlive every publisher.
  explicit publisher(std::string_view endpoint);
  publisher(std::string_view endpoint, const registries& known, std::chrono::milliseconds drain = default_drain);
  /// `body` replaces what format=raw writes, for who has a format of its own.
  publisher(std::string_view endpoint, const registries& known, std::chrono::milliseconds drain,
            std::function<std::unique_ptr<format>()> body);
  /// The same with an endpoint that has been read and checked, from a configuration file. Takes records from start() on; what
  /// was made goes with it where that never comes.
  publisher(const output_config& checked, const registries& known, std::chrono::milliseconds drain,
            std::function<std::unique_ptr<format>()> body);
  explicit publisher(custom_output made);
  ~publisher();
  publisher(const publisher&) = delete;
  publisher& operator=(const publisher&) = delete;

  /// For one from a configuration file alone: starts the listener. Throws error: no thread can be had.
  void start();

  /// False: it has been stopped, or its `block` queue is full and a listener, of whatever queue, tried: that must not wait.
  /// Counted as refused.
  bool publish(const program_record& one);
  /// A line of text, at this moment. A newline inside stays in structured formats, and is written as `\n` in others.
  bool publish(std::string_view message, level severity = level::info);
  /// The same, for who has another way to go: tells why it was not taken, and does not count what finds it stopped.
  published offer(const program_record& one);

  /// Whether a slice (a quarter of the queue, 256 KiB at most) finds room without anything being dropped or held.
  [[nodiscard]] bool has_room() const;
  /// Calls `tell` once when there is room or it has been stopped, from any thread, perhaps this one, perhaps before it
  /// returns; `tell` must not wait. Returns what forget() takes; 0 where it was called.
  std::uint64_t when_room(std::function<void()> tell);
  /// True: `tell` was not called, and never will be.
  bool forget(std::uint64_t waiter);

  [[nodiscard]] publisher_report report() const;
  /// What was published before goes to the listener at once, and then `then`, where it is given, becomes true.
  void hand_over(std::atomic<bool>* then = nullptr);
  /// Waits until all that was published before is settled; false: the deadline, or the end of a stop, came first. Not from a
  /// listener.
  bool flush(std::chrono::milliseconds deadline) const;
  /// Takes nothing more in, and returns when all is delivered or `deadline` has passed: then a listener that hangs in its
  /// output is let go, and what it held is left. Again and from other threads: waits for the first, whose report it
  /// returns; of their deadlines the first to come counts.
  publisher_report stop(std::chrono::milliseconds deadline);
  /// For who stops several: how a stop begins …
  void begin_stop();
  /// … and a step to its end, which never waits. True: it is over. The shortest deadline holds.
  bool stop_step(steady_time deadline);
  [[nodiscard]] bool stopped() const;  ///< stop() is over

 private:
  class state;
  std::shared_ptr<state> state_;
};

}  // namespace logrelay
