#pragma once
/// What an output's failures are to who reads our messages: one message when they begin, with the reason and when the next
/// try is, and one when the output goes on, however many tries lie between. Where they last for longer than a minute, each
/// other reason is told too, once, a few at most and one a minute: what began as a lost connection may go on as a
/// certificate that is not trusted. Its listener's thread only.
#include <logrelay/messages.hpp>
#include <logrelay/util/backoff.hpp>
#include <logrelay/util/clock.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

class trouble {
 public:
  static constexpr std::chrono::minutes between{1};
  static constexpr std::size_t most_reasons = 4;

  trouble(std::string name, std::function<void(severity, std::string_view)> say,
          std::function<steady_time()> now = std::chrono::steady_clock::now)
      : name_(std::move(name)), say_(std::move(say)), now_(std::move(now)) {}

  [[nodiscard]] explicit operator bool() const { return tries_ > 0; }
  /// A try failed, with so many bytes still to bring. Returns how long to wait before the next: longer each time, and
  /// `longest` at most.
  [[nodiscard]] std::chrono::milliseconds failed(std::string_view why, std::size_t queued_bytes, std::chrono::milliseconds longest);
  void recovered();
  /// There will be no other try.
  void end() { tries_ = 0; }

 private:
  [[nodiscard]] bool is_news(const std::string& reason, steady_time now) const;

  const std::string name_;
  const std::function<void(severity, std::string_view)> say_;
  const std::function<steady_time()> now_;
  backoff pause_;
  std::uint64_t tries_ = 0;
  steady_time since_{}, told_at_{};
  std::vector<std::string> told_;  // reasons, without their numbers
};

}  // namespace logrelay
