#pragma once
/// How much may pass in a second, over time: a second's worth may come at once, and what was too much is owed. One thread.
#include <logrelay/util/clock.hpp>

#include <algorithm>
#include <chrono>

namespace logrelay {

class token_bucket {
 public:
  /// From 1 a second; 0 is no limit.
  explicit token_bucket(double a_second) : a_second_(a_second), left_(a_second) {}

  /// How long until anything may pass; 0: now.
  [[nodiscard]] steady_time::duration wait(steady_time now) {
    fill(now);
    if (left_ > 0 || a_second_ == 0) return {};
    const double enough = std::max(1.0, a_second_ / 32);  // not next to nothing: that would be a timer for each byte
    const std::chrono::duration<double> until((enough - left_) / a_second_);
    return std::chrono::ceil<steady_time::duration>(std::min<std::chrono::duration<double>>(until, std::chrono::hours(1)));
  }
  /// So much has passed.
  void take(double amount) {
    if (a_second_ != 0) left_ -= amount;
  }
  [[nodiscard]] bool full(steady_time now) {
    fill(now);
    return left_ >= a_second_;
  }

 private:
  void fill(steady_time now) {
    if (filled_ != steady_time{} && now > filled_) left_ = std::min(a_second_, left_ + std::chrono::duration<double>(now - filled_).count() * a_second_);
    filled_ = now;
  }

  double a_second_, left_;
  steady_time filled_{};
};

}  // namespace logrelay
