#include <logrelay/core/trouble.hpp>

#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace logrelay {
namespace {

// Ports, times and counts change from try to try, and are no news.
std::string without_numbers(std::string_view why) {
  std::string text;
  std::copy_if(why.begin(), why.end(), std::back_inserter(text), [](char c) { return c < '0' || c > '9'; });
  return text;
}

}  // namespace

std::chrono::milliseconds trouble::failed(std::string_view why, std::size_t queued_bytes, std::chrono::milliseconds longest) {
  const auto wait = std::min(pause_.next(), longest);
  const auto now = now_();
  auto reason = without_numbers(why);
  if (tries_++ == 0) {
    since_ = now;
    told_.clear();
  } else if (!is_news(reason, now)) {
    return wait;
  }
  told_.push_back(std::move(reason));
  told_at_ = now;
  say_(severity::warning,
       fmt::format("output '{}': {}; {} queued, retrying in {}", name_, why, readable_size(queued_bytes), readable_duration(wait)));
  return wait;
}

// Reasons that alternate, such as those of several addresses, are each told once.
bool trouble::is_news(const std::string& reason, steady_time now) const {
  return now - told_at_ >= between && told_.size() < most_reasons && std::find(told_.begin(), told_.end(), reason) == told_.end();
}

void trouble::recovered() {
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(now_() - since_);
  say_(severity::notice, fmt::format("output '{}': goes on after {} and {} {}", name_, readable_duration(lasted), tries_,
                                     tries_ == 1 ? "retry" : "retries"));
  tries_ = 0;
  pause_.reset();
}

}  // namespace logrelay
