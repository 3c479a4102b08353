#include <logrelay/util/waiter.hpp>

#include <poll.h>

#include <cerrno>

namespace logrelay {

waiter::event waiter::wait(int descriptor, short events, steady_time deadline) {
  pollfd both[2] = {{wake_.descriptor(), POLLIN, 0}, {descriptor, events, 0}};
  for (;;) {
    timespec left{};
    if (deadline != steady_time::max()) {
      const auto now = std::chrono::steady_clock::now();
      const auto rest = deadline > now ? deadline - now : steady_time::duration::zero();
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest);
      left = {seconds.count(), std::chrono::nanoseconds(rest - seconds).count()};
    }
    const int n = ::ppoll(both, 2, deadline == steady_time::max() ? nullptr : &left, nullptr);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return event::timeout;
    if (both[0].revents != 0) {
      wake_.clear();
      return event::woken;
    }
    return event::ready;
  }
}

}  // namespace logrelay
