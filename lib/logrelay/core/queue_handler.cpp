#include <logrelay/core/queue_handler.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace logrelay {

void queue_handler::connect(std::size_t input, std::size_t output, queue& to) {
  const std::unique_lock lock(mutex_);
  if (routes_.size() <= input) routes_.resize(input + 1);
  routes_[input].push_back({output, &to});
}

void queue_handler::set_routes(route_table all) {
  {
    const std::unique_lock lock(mutex_);
    std::swap(routes_, all);
    nobody_ = !routes_.empty() && std::all_of(routes_.begin(), routes_.end(), [](const auto& each) { return each.empty(); });
  }
  room_again();  // who was held by a queue that is gone need not wait for it
}

void queue_handler::publish(batch&& lines) {
  const std::shared_lock lock(mutex_);
  if (lines.from->input >= routes_.size()) return;  // an input that nobody takes
  for (const auto& each : routes_[lines.from->input]) each.to->push(lines);
}

queue_handler::permission queue_handler::room_for(std::size_t input) {
  permission least{{static_cast<std::size_t>(-1)}, 0};
  const std::shared_lock lock(mutex_);
  if (nobody_) return {};
  if (input >= routes_.size()) return least;
  for (const auto& each : routes_[input]) {
    const room here = each.to->room_now();
    if (here.bytes < least.how_much.bytes || (here.bytes == least.how_much.bytes && here.until > least.how_much.until && here.bytes == 0))
      least = {here, each.output};
  }
  return least;
}

void queue_handler::add_waiter(wake& reader) {
  waiters_.with([&](auto& all) { all.push_back(&reader); });
}

void queue_handler::remove_waiter(wake& reader) {
  waiters_.with([&](auto& all) { std::erase(all, &reader); });
}

void queue_handler::room_again() noexcept {
  waiters_.with([](auto& all) {
    for (auto* each : all) each->notify();
  });
}

}  // namespace logrelay
