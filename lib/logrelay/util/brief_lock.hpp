#pragma once
/// A lock that is held for some copied bytes at a time, by whoever: to take it costs one atomic exchange, to leave it a plain
/// store, so that nobody waits for what he has just written to reach the cache. (A std::mutex has an exchange at both ends.)
/// Who finds it taken looks again, and then sleeps between looks: the one who has it may have been put off its processor.
/// Not fair, not recursive. Lockable. Any thread.
#include <atomic>

namespace logrelay {

class brief_lock {
 public:
  void lock() {
    if (taken_.exchange(true)) lock_later();
  }
  // Release: what was written under the lock is seen by who takes it next, and nothing else hangs on it.
  void unlock() { taken_.store(false, std::memory_order_release); }

 private:
  void lock_later();

  std::atomic<bool> taken_{false};
};

}  // namespace logrelay
