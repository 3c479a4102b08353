#include <logrelay/util/brief_lock.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace logrelay {
namespace {

// A copy takes a few looks, a slice that goes on less than these …
constexpr int looks = 400;
// … and who is put off its processor is away for longer than the first of these.
constexpr std::chrono::microseconds first_pause{10}, longest_pause{200};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void brief_lock::lock_later() {
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    for (int look = 0; look < looks; ++look) {
      // Relaxed: only whether to try; the exchange orders what follows.
      if (!taken_.load(std::memory_order_relaxed) && !taken_.exchange(true)) return;
      relax();
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace logrelay
