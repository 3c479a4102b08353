#include <logrelay/embed/queued_parts.hpp>

#include <logrelay/embed/adopted_sink.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

namespace logrelay {

void queued::parts::hold(std::shared_ptr<queued_sink> one) {
  const std::lock_guard lock(mutex);
  sinks.push_back(std::move(one));
}

std::vector<std::shared_ptr<queued_sink>> queued::parts::all() const {
  const std::lock_guard lock(mutex);
  return sinks;
}

std::shared_ptr<adopted_sink> queued::parts::find(const spdlog::sink_ptr& original) const {
  for (const auto& each : sinks)
    if (auto ours = std::dynamic_pointer_cast<adopted_sink>(each); ours && ours->original() == original) return ours;
  return nullptr;
}

bool queued::parts::holds(const spdlog::sink_ptr& one) const { return std::find(sinks.begin(), sinks.end(), one) != sinks.end(); }

void queued::parts::stop(steady_time deadline) const {
  auto running = all();
  for (const auto& each : running) each->handler().begin_stop();
  while (std::erase_if(running, [&](const auto& each) { return each->handler().stop_step(deadline); }), !running.empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void queued::parts::restore_adopted() {
  for (const auto& each : adopted)
    if (const auto logger = each.lock())
      for (auto& sink : logger->sinks())
        if (const auto ours = std::dynamic_pointer_cast<adopted_sink>(sink); ours && find(ours->original()) == ours) {
          ours->hand_level_on();
          sink = ours->original();
        }
}

void queued::parts::restore_configured() {
  for (auto& each : configured) {
    const auto logger = each.logger.lock();
    if (!logger) continue;
    auto& now = logger->sinks();
    if (std::erase_if(now, [&](const auto& sink) { return holds(sink); }) == 0) continue;
    now.insert(now.begin(), each.sinks_before.begin(), each.sinks_before.end());
    if (logger->level() == each.level_now) logger->set_level(each.level_before);
    if (!each.made) continue;
    if (spdlog::default_logger() == logger)
      spdlog::set_default_logger(nullptr);
    else if (spdlog::get(logger->name()) == logger)
      spdlog::drop(logger->name());
  }
}

}  // namespace logrelay
