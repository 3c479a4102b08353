#pragma once
/// The one way a thread wakes another: an eventfd, written only when the other side said that it sleeps (a write costs
/// 217 ns, a look at the flag 13). One sleeper, any number of wakers.
///
/// The sleeper:  prepare_sleep(); look for work once more; poll(descriptor()); awake().
/// The waker:    make work visible; notify().
/// Both orders are sequentially consistent: either the sleeper sees the work, or the waker sees the sleeper.
#include <logrelay/util/fd.hpp>

#include <atomic>

namespace logrelay {

class wake {
 public:
  wake();  ///< throws error when there is no descriptor left

  void prepare_sleep() { sleeping_.store(true); }
  void awake();
  void notify() {
    if (sleeping_.load() && sleeping_.exchange(false)) signal();
  }
  /// Wakes also a sleeper that waits for something else and did not prepare: for requests, not for data.
  void signal() noexcept;
  [[nodiscard]] int descriptor() const { return eventfd_.get(); }
  /// Takes back what was signalled, so that the next poll sleeps.
  void clear() noexcept;

 private:
  std::atomic<bool> sleeping_{false};
  fd eventfd_;
};

}  // namespace logrelay
