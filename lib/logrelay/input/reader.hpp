#pragma once
/// The reader: one thread with one io_context, in which all inputs live. It waits for its inputs and for room in the
/// queues, and for nothing else: it opens no output, resolves no name, writes no file.
///
/// Owned by the relay. Its public half belongs to the main thread, the half for inputs to the reader's own.
#include <logrelay/core/queue_handler.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/messages.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace logrelay {

class gate;

class reader {
 public:
  /// From the reader's thread: `on_done` is called once, when every input has ended, `on_left` for each that has left while
  /// others go on.
  reader(queue_handler& handler, block_pool& pool, messages& say, const time_source& clock, std::function<void()> on_done,
         std::function<void()> on_left = [] {});
  ~reader();  ///< gives up what is still being read, and joins: the thread never waits for anybody

  /// Returns once all have started. Throws error that names the one that cannot; then nothing is read any more, and this is
  /// to be destroyed.
  void start(std::vector<input*> inputs);
  /// One more, prepared; one that is to read what is ready and end, and is `left` then. In the order of the calls.
  void add(input& one);
  void remove(input& one);
  /// HUP, for each that is there.
  void reopen();
  /// Goes on without any input, until release() or stop(), for those that are still to be added.
  void hold();
  void release();
  /// No new connections but those that are made already; every input reads what is ready and ends.
  void stop(stop_kind how);
  /// Ends now; what has been read of an unfinished line is published, and what is ready but not read is told, unless
  /// nobody would take it.
  enum class unread_is : std::uint8_t { told, wanted_by_nobody };
  void stop_now(unread_is what = unread_is::told);
  [[nodiscard]] bool done() const { return done_.load(); }

  // For inputs.
  [[nodiscard]] boost::asio::io_context& io();
  [[nodiscard]] read_memory& memory();
  [[nodiscard]] queue_handler& handler() { return handler_; }
  [[nodiscard]] const time_source& clock() const { return clock_; }
  [[nodiscard]] messages& say() { return say_; }
  [[nodiscard]] gate& gate_of(const input& which);
  [[nodiscard]] bool gives_up() const;  ///< what is left is only being unwound …
  void say_lost(std::string_view what);  ///< … and was ready, if anybody would have taken it
  void ended(input& which);
  void failed(input& which, const std::exception_ptr& thrown);
  /// For co_spawn: what a coroutine of this input throws is its failure, and told.
  [[nodiscard]] auto failure_of(input& which) {
    return [this, &which](const std::exception_ptr& thrown) {
      if (thrown) failed(which, thrown);
    };
  }
  /// Runs it in the reader's thread, unless that has ended. Any thread.
  void post(std::function<void()> what);

 private:
  void run();
  void start(input& one);
  void admit(input& one);
  void let_go(input& one);
  void end_if_over();

  struct parts;
  queue_handler& handler_;
  messages& say_;
  const time_source& clock_;
  const std::function<void()> on_done_, on_left_;
  std::unique_ptr<parts> parts_;
  std::thread thread_;
  std::atomic<bool> done_{false};
};

}  // namespace logrelay
