#include <logrelay/util/waiter.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay {

waiter::event waiter::wait(int descriptor, short events, steady_time deadline) {
  pollfd one{descriptor, events, 0};
  return wait(std::span(&one, 1), deadline);
}

waiter::event waiter::wait(std::span<pollfd> any, steady_time deadline) {
  std::array<pollfd, most_at_once + 1> all{{{wake_.descriptor(), POLLIN, 0}}};
  std::copy(any.begin(), any.end(), all.begin() + 1);
  for (;;) {
    timespec left{};
    if (deadline != steady_time::max()) {
      const auto now = std::chrono::steady_clock::now();
      const auto rest = deadline > now ? deadline - now : steady_time::duration::zero();
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest);
      left = {seconds.count(), std::chrono::nanoseconds(rest - seconds).count()};
    }
    const int n = ::ppoll(all.data(), any.size() + 1, deadline == steady_time::max() ? nullptr : &left, nullptr);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return event::timeout;
    std::copy_n(all.begin() + 1, any.size(), any.begin());
    if (all[0].revents != 0) {
      wake_.clear();
      return event::woken;
    }
    return event::ready;
  }
}

}  // namespace logrelay
