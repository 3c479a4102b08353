#pragma once
/// A publisher's queue and listener through all that happens to them: the start, the stop with its deadline, a listener
/// that hangs, a fork. Shared by the publisher, the process's hooks and, where its listener was let go, the process itself.
/// Any thread, except prepare() and start(), which come before all others.
#include <logrelay/embed/process_hooks.hpp>
#include <logrelay/embed/publisher.hpp>
#include <logrelay/embed/record_queue.hpp>
#include <logrelay/running_output.hpp>
#include <logrelay/util/deadline.hpp>

#include <atomic>
#include <mutex>

namespace logrelay {

/// What a listener and its queue use: it lasts as long as they do.
struct publisher_life {
  explicit publisher_life(const registries& known) : in{known, say, clock} {}
  messages say;
  time_source clock;
  surroundings in;
  std::unique_ptr<queue_listener> listener;
  std::shared_ptr<record_queue> lines;
  std::chrono::milliseconds stall_after{};
  std::function<void()> on_let_go;  ///< may be none
};

class publisher::state final : public process_member, public std::enable_shared_from_this<state> {
 public:
  /// Makes listener and queue; again in a child of fork(2).
  using maker = std::function<void(publisher_life&)>;

  state(std::string name, const registries& known, std::chrono::milliseconds drain, bool in_child, maker make)
      : name_(std::move(name)), known_(known), drain_(drain), listener_in_child_(in_child), make_(std::move(make)) {}

  ~state() override;  ///< of one that was never started: takes back what prepare() made
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  /// Opens what has to be there. Throws error: what cannot be.
  void prepare();
  /// … and starts the listener. Throws error: no thread can be had; then all is as before prepare().
  void start();

  published offer(const program_record& one) {
    const auto taken = life_.load()->lines->publish(one);
    if (taken != published::closed || !forked_.load()) return taken;
    return begin_again() ? life_.load()->lines->publish(one) : published::closed;
  }

  [[nodiscard]] bool started() const { return life_.load() != nullptr; }
  [[nodiscard]] record_queue& lines() { return *life_.load()->lines; }
  void count_refused() { ++refused_; }
  [[nodiscard]] publisher_report report() const;

  void begin_stop() override;
  bool end_step(steady_time began) override { return stop_step(deadline_in(drain_, began)); }
  bool stop_step(steady_time deadline);
  void stop_by(steady_time deadline);
  [[nodiscard]] bool over() const { return over_.load(); }
  [[nodiscard]] std::chrono::milliseconds drain() const { return drain_; }

  void lock_before_fork() override;
  void unlock_after_fork() override;
  void in_child() override;

 private:
  /// How far a stop has come.
  enum class stage : std::uint8_t { running, draining, farewell, keeping };
  void enter(stage next, steady_time until);
  [[nodiscard]] steady_time may_drain_until() const;
  [[nodiscard]] publisher_report report_now() const;
  void end();
  void take_back() noexcept;
  bool begin_again();
  void say_what_is_left(const ledger& rest);

  const std::string name_;
  const registries& known_;
  const std::chrono::milliseconds drain_;
  bool listener_in_child_;
  const maker make_;
  std::unique_ptr<publisher_life> owned_;
  std::atomic<publisher_life*> life_{nullptr};
  std::atomic<bool> forked_{false}, over_{false};
  std::atomic<std::uint64_t> refused_{0};
  mutable std::mutex mutex_;  // held for moments
  bool stopping_ = false;
  stage stage_ = stage::running;
  steady_time began_{}, until_{};  // since when, and how long that may last
  bool let_go_ = false;            // … when it was over
  publisher_report at_end_;
  std::shared_ptr<record_queue> locked_;
};

}  // namespace logrelay
