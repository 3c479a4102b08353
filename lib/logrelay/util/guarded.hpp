#pragma once
/// Shared state that can be reached only through its lock:  state.with([](auto& s) { return s.count; });
#include <mutex>
#include <utility>

namespace logrelay {

template <typename T>
class guarded {
 public:
  template <typename... Args>
  explicit guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <typename Function>
  decltype(auto) with(Function&& function) {
    const std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(value_);
  }
  template <typename Function>
  decltype(auto) with(Function&& function) const {
    const std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace logrelay
