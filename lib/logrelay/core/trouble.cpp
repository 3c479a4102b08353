#include <logrelay/core/trouble.hpp>

#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace logrelay {

std::chrono::milliseconds trouble::failed(std::string_view why, std::size_t queued_bytes, std::chrono::milliseconds longest) {
  const auto wait = std::min(pause_.next(), longest);
  if (tries_++ > 0) return wait;
  since_ = std::chrono::steady_clock::now();
  say_(severity::warning,
       fmt::format("output '{}': {}; {} queued, retrying in {}", name_, why, readable_size(queued_bytes), readable_duration(wait)));
  return wait;
}

void trouble::recovered() {
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since_);
  say_(severity::notice, fmt::format("output '{}': goes on after {} and {} {}", name_, readable_duration(lasted), tries_,
                                     tries_ == 1 ? "retry" : "retries"));
  tries_ = 0;
  pause_.reset();
}

}  // namespace logrelay
