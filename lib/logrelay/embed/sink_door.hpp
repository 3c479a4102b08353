#pragma once
/// The one way into an spdlog sink, for one thread at a time: its listener while there is one, the program's threads when
/// records go straight to it. So sinks that were made for one thread (`_st`) may be adopted, a fork finds nobody inside,
/// and a record that is logged from within the sink is told from others. Shared by what stands before the sink.
#include <logrelay/embed/process_hooks.hpp>

#include <spdlog/sinks/sink.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace logrelay {

class sink_door final : public process_member {
 public:
  explicit sink_door(std::shared_ptr<spdlog::sinks::sink> sink) : sink_(std::move(sink)) {}

  [[nodiscard]] spdlog::sinks::sink& sink() const { return *sink_; }
  /// Does something with the sink, alone; what it throws passes through. False: this thread is in the sink already, or in
  /// another while somebody is in this one, who may be waiting for that; or one hangs there for good (abandon()). Nothing was
  /// done then.
  bool enter(const std::function<void(spdlog::sinks::sink&)>& act);
  /// Whoever is inside now may never come out: until it does, nobody waits for it.
  void abandon() { abandoned_.store(true); }

  /// Also has the sink write what it has in memory: a copy of it would be the child's, to be written again.
  void settle_before_fork(steady_time deadline) override;
  void unlock_after_fork() override;
  void in_child() override;

 private:
  const std::shared_ptr<spdlog::sinks::sink> sink_;
  std::timed_mutex mutex_;
  std::atomic<bool> abandoned_{false};
  bool forking_ = false;  // the thread that forks has the lock
};

/// A sink has one door in the process, however many stand before it; made, and a member of the process, when it is first asked
/// for.
[[nodiscard]] std::shared_ptr<sink_door> door_to(const std::shared_ptr<spdlog::sinks::sink>& sink);

}  // namespace logrelay
