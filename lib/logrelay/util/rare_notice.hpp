#pragma once
/// For what others can make happen as often as they like: one message about it a minute, which tells how many it stands
/// for. One thread.
#include <logrelay/util/clock.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace logrelay {

class rare_notice {
 public:
  static constexpr std::chrono::minutes between{1};

  /// It has happened. What is to be said behind the message about it, "" or "; it happened 12 more times since the last
  /// such message", to whomever it happened; nothing when nothing is to be said.
  [[nodiscard]] std::optional<std::string> happened(steady_time now) {
    if (told_ && now - *told_ < between) return ++untold_, std::nullopt;
    told_ = now;
    const auto more = std::exchange(untold_, 0);
    return more == 0 ? std::string() : fmt::format("; it happened {} more time{} since the last such message", more, more == 1 ? "" : "s");
  }

 private:
  std::optional<steady_time> told_;
  std::uint64_t untold_ = 0;
};

}  // namespace logrelay
