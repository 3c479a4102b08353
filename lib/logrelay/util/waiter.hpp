#pragma once
/// The one wait of a listener: poll(descriptor, its wake, deadline). Listener's thread only; the wake may be signalled
/// by any thread.
#include <logrelay/util/clock.hpp>
#include <logrelay/util/wake.hpp>

#include <atomic>
#include <span>

struct pollfd;

namespace logrelay {

class waiter {
 public:
  enum class event { ready, timeout, woken };

  explicit waiter(wake& ours) : wake_(ours) {}

  /// Until `descriptor` has one of `events` (or an error), the wake is signalled, or `deadline` has passed. A negative
  /// descriptor waits for the other two. `max()` is no deadline.
  event wait(int descriptor, short events, steady_time deadline);
  /// The same for up to `most_at_once` of them; what happened to each stands in its `revents`.
  static constexpr std::size_t most_at_once = 16;
  event wait(std::span<pollfd> any, steady_time deadline);
  /// Pending requests to stop interrupt a longer operation (a connect): it should come back with retry.
  [[nodiscard]] bool stopping() const { return stopping_.load(); }
  void stop() { stopping_.store(true); wake_.signal(); }

 private:
  wake& wake_;
  std::atomic<bool> stopping_{false};
};

}  // namespace logrelay
