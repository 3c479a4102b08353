#pragma once
/// What the whole process does at once: it forks, or it ends. Everything of ours that has to be whole then is a member here
/// for as long as it lives. The hooks are set (atexit, at_quick_exit, pthread_atfork) when the first member joins, so that
/// they run before what was made earlier is destroyed: spdlog's registry among it.
///
/// The one state in the library that is the process's, because fork and exit are. Any thread.
#include <logrelay/util/clock.hpp>

#include <memory>
#include <mutex>

namespace logrelay {

class process_member {
 public:
  virtual ~process_member() = default;

  /// The thread that forks calls these around it, for all members: first what may wait, all of them until one deadline, then
  /// what may not.
  virtual void settle_before_fork(steady_time deadline) { static_cast<void>(deadline); }
  virtual void lock_before_fork() {}
  virtual void unlock_after_fork() {}
  /// In the child, where no other thread is: no lock is taken, nothing is freed, no thread is made.
  virtual void in_child() {}

  /// exit(3) or quick_exit(3): nothing more is taken in …
  virtual void begin_stop() {}
  /// … and what was is brought where it belongs, within the member's own deadline, counted from `began`: a step of that,
  /// which never waits, so that all end at the same time. True: it is over.
  virtual bool end_step(steady_time began) { return static_cast<void>(began), true; }
};

/// For as long as the member lives.
void join_process(const std::shared_ptr<process_member>& member);
/// Whether exit(3) or quick_exit(3) has begun: what others made, spdlog's registry for one, may be gone.
[[nodiscard]] bool process_ends();

/// A lock that is held for moments, and that a child of fork(2) finds free whichever thread had it.
class fork_mutex {
 public:
  fork_mutex() : held_(std::make_shared<held>()) { join_process(held_); }
  void lock() { held_->mutex.lock(); }
  void unlock() { held_->mutex.unlock(); }

 private:
  struct held final : process_member {
    void lock_before_fork() override { mutex.lock(); }
    void unlock_after_fork() override { mutex.unlock(); }
    std::mutex mutex;
  };
  const std::shared_ptr<held> held_;
};

}  // namespace logrelay
