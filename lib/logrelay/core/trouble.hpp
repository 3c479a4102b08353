#pragma once
/// What an output's failures are to who reads our messages: one message when they begin, with the reason and when the next
/// try is, and one when the output goes on, however many tries lie between. Its listener's thread only.
#include <logrelay/messages.hpp>
#include <logrelay/util/backoff.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace logrelay {

class trouble {
 public:
  trouble(std::string name, std::function<void(severity, std::string_view)> say) : name_(std::move(name)), say_(std::move(say)) {}

  [[nodiscard]] explicit operator bool() const { return tries_ > 0; }
  /// A try failed, with so many bytes still to bring. Returns how long to wait before the next: longer each time, and
  /// `longest` at most.
  [[nodiscard]] std::chrono::milliseconds failed(std::string_view why, std::size_t queued_bytes, std::chrono::milliseconds longest);
  void recovered();
  /// There will be no other try.
  void end() { tries_ = 0; }

 private:
  const std::string name_;
  const std::function<void(severity, std::string_view)> say_;
  backoff pause_;
  std::uint64_t tries_ = 0;
  std::chrono::steady_clock::time_point since_{};
};

}  // namespace logrelay
