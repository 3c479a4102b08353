#pragma once
/// One call that moves the sinks of a program's spdlog loggers behind queues, each with a listener thread of its own, so
/// that nothing that logs waits for a file, a terminal or a socket any more:
///
///     auto queued = logrelay::adopt();       // every sink of every registered logger, and of the default one
///     io.run();                              // from here on a log call costs a copy
///     auto report = queued.stop(5s);         // delivered, dropped, left
///
/// Call it before other threads log: spdlog guards a logger's vector of sinks against nobody, and adopt(), add() and the
/// destructor of `queued` change it. Everything between them is a switch inside our sink and safe at any time.
///
/// A log call then formats the message, as ever, and copies it. The pattern is the sink's own, applied by its listener.
/// exit(3), quick_exit(3) and the destructor bring what is queued to the sinks within `drain`. A record that is logged
/// from within a sink is queued like any other, and refused, and counted, where it would have to wait for itself. What a
/// sink throws is counted and the record tried again, up to three times. set_pattern() and set_formatter() of a logger reach
/// into its sinks, and wait for who is there, also for one who hangs. Needs spdlog 1.10 or later; include after it is
/// set up the way the program compiles it (header-only or not).
#include <logrelay/embed/publisher.hpp>

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace logrelay {

/// What becomes of records that a child of fork(2) logs, before it executes something else or for good.
enum class child_records : std::uint8_t {
  direct,  ///< straight to the sinks, in the thread that logs: no thread is made in a child that wants none
  queued,  ///< through listeners of its own, made at the first record
};

struct adopt_options {
  std::size_t queue_bytes = 64 * 1024 * 1024;  ///< what each sink's queue may hold; a record costs 45 bytes and its texts
  overflow when_full = overflow::drop_oldest;  ///< `block` and `adaptive` hold who logs, the latter `stall_after` at most
  std::chrono::milliseconds stall_after{2000};
  bool gap_marker = true;    ///< a warning of the logger "logrelay" stands where records were dropped
  /// A sink's own level counts, as it is when a record is logged and when it comes to the sink. One that is set on what stands
  /// in the logger, other than `trace`, is the sink's with the next record that it lets through. False: sinks get records of
  /// every level that their loggers let through, as with Python's QueueListener by default.
  bool sink_levels = true;
  std::chrono::milliseconds drain{5000};  ///< for the destructor, exit(3) and quick_exit(3)
  child_records in_child = child_records::direct;
};

/// What became of the records of one sink, or of one output of a configuration. A sink has the name of its first logger, with
/// its place where that has several ("app#2"), and a number where another sink here has the name already ("app (2)"). Sinks
/// that are gone with their loggers, as add() finds, have one report together, "released".
struct adopted_report : publisher_report {
  std::uint64_t straight = 0;  ///< went straight to the sink after stop(), or in a child
};

struct queued_report {
  std::vector<adopted_report> sinks;
  [[nodiscard]] std::uint64_t delivered() const;
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] std::uint64_t left() const;  ///< still queued at the deadline
};

/// Holds sinks adopted, or made by a configuration; owned by the program, moves. One thread, but for report(), flush() and
/// stop(), which are any's. What was moved from holds nothing: its reports are empty, and add() throws error.
class queued {
 public:
  queued(queued&&) noexcept;
  /// What was held is let go as by the destructor, but after the other's: `queued = adopt(log)` adopts `log` anew only where
  /// `queued` has been stopped.
  queued& operator=(queued&&) noexcept;
  /// Stops within `drain` and puts the old sinks back into the loggers: nobody else may be logging now.
  ~queued();

  /// A logger that was made later, or stopped before. A sink that is adopted here already keeps its one listener. Two warnings
  /// on stderr: an async_logger is left as it is, since it has a queue, and so is a logger that another `queued` has adopted and
  /// not stopped. A sink that loggers of two `queued` share has a listener of each, which take turns in it. Throws error where
  /// `logger` is null, or there is no descriptor or thread left for a listener: all is as it was then. Not from within
  /// spdlog::apply_all(), whose lock it takes.
  void add(const std::shared_ptr<spdlog::logger>& logger);

  [[nodiscard]] queued_report report() const;
  /// Waits until what was logged before has come to its sinks; false: the deadline came first.
  bool flush(std::chrono::milliseconds deadline) const;
  /// Brings what is queued to the sinks, all at once, and returns when that is done or `deadline` has passed; then a sink that
  /// hangs has a quarter of a second more, all of them the same one. Threads that log to a sink wait until that sink is done,
  /// and from then on go straight to it, and may wait for it. Cannot fail, on a full queue neither. A second call returns the
  /// same report.
  queued_report stop(std::chrono::milliseconds deadline);

 private:
  friend queued adopt(const adopt_options& options);
  friend queued adopt(const std::shared_ptr<spdlog::logger>& logger, const adopt_options& options);
  friend class configuration;  // embed/configure.hpp
  struct parts;
  explicit queued(const adopt_options& options);
  std::unique_ptr<parts> parts_;
};

/// Adopts the sinks of all registered loggers, and of the default one.
[[nodiscard]] queued adopt(const adopt_options& options = {});
/// Adopts the sinks of one logger. Throws error as add() does; all is as it was then.
[[nodiscard]] queued adopt(const std::shared_ptr<spdlog::logger>& logger, const adopt_options& options = {});

}  // namespace logrelay
