#include <logrelay/embed/queued_parts.hpp>

#include <logrelay/embed/adopted_sink.hpp>
#include <logrelay/util/deadline.hpp>
#include <logrelay/util/guarded.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

namespace logrelay {
namespace {

using loggers = std::vector<std::weak_ptr<spdlog::logger>>;

/// Those that have a configuration. Never destroyed: a `queued` may outlast main.
guarded<loggers>& configured_now() {
  static auto* const all = new guarded<loggers>;
  return *all;
}

void add_up(adopted_report& sum, const adopted_report& one) {
  ledger& all = sum.account;
  const ledger& more = one.account;
  all.accepted += more.accepted, all.delivered += more.delivered, all.filtered += more.filtered;
  all.rejected += more.rejected, all.pending += more.pending, all.markers += more.markers;
  for (std::size_t why = 0; why < drop_reasons; ++why) all.dropped_by[why] += more.dropped_by[why];
  sum.refused += one.refused, sum.retries += one.retries, sum.straight += one.straight;
  if (!one.last_error.empty()) sum.last_error = one.last_error;
  sum.let_go |= one.let_go;
}

auto same_as(const std::shared_ptr<spdlog::logger>& one) {
  return [one](const auto& each) { return each.lock() == one; };
}

}  // namespace

bool has_configuration(const std::shared_ptr<spdlog::logger>& one) {
  return configured_now().with([&](auto& all) { return std::any_of(all.begin(), all.end(), same_as(one)); });
}

void change_sinks(const std::shared_ptr<spdlog::logger>& of, std::vector<spdlog::sink_ptr> to) {
  bool done = false;
  const auto change = [&](const std::shared_ptr<spdlog::logger>& each) {
    if (each == of && !std::exchange(done, true)) each->sinks().swap(to);
  };
  if (!process_ends()) spdlog::apply_all(change);
  change(of);
}

void queued::parts::hold(std::shared_ptr<queued_sink> one) {
  const std::lock_guard lock(mutex);
  sinks.push_back(std::move(one));
}

void queued::parts::hold(configured_logger one) {
  configured_now().with([&](auto& all) { all.push_back(one.logger); });
  configured.push_back(std::move(one));
}

std::vector<std::shared_ptr<queued_sink>> queued::parts::all() const {
  std::optional<adopted_report> gone;
  return all(gone);
}

// At one moment, so that none is in both or in neither.
std::vector<std::shared_ptr<queued_sink>> queued::parts::all(std::optional<adopted_report>& gone) const {
  const std::lock_guard lock(mutex);
  auto both = sinks;
  both.insert(both.end(), leaving.begin(), leaving.end());
  gone = released;
  return both;
}

std::vector<adopted_report> queued::parts::reports() const {
  std::optional<adopted_report> gone;
  std::vector<adopted_report> made;
  for (const auto& each : all(gone)) made.push_back(each->report());
  if (gone) made.push_back(*gone);
  return made;
}

void queued::parts::release_unused() {
  std::erase_if(adopted, [](const auto& each) { return each.expired(); });
  std::vector<std::shared_ptr<queued_sink>> over;  // destroyed without the lock
  const std::lock_guard lock(mutex);
  const auto is_unused = [](const auto& each) {
    const auto ours = std::dynamic_pointer_cast<adopted_sink>(each);
    return each.use_count() == 2 && ours && ours->nobody_has_original();  // in the list, and just now
  };
  const auto still_used = std::stable_partition(sinks.begin(), sinks.end(), [&](const auto& each) { return !is_unused(each); });
  std::move(still_used, sinks.end(), std::back_inserter(leaving));
  sinks.erase(still_used, sinks.end());
  const auto by = deadline_in(options.drain);
  const auto stopped = std::stable_partition(leaving.begin(), leaving.end(), [&](const auto& each) { return !each->handler().stop_step(by); });
  std::move(stopped, leaving.end(), std::back_inserter(over));
  leaving.erase(stopped, leaving.end());
  for (const auto& each : over) {
    const auto last = each->report();
    names.erase(last.name);
    if (!released) released.emplace().name = "released";
    add_up(*released, last);
  }
}

spdlog::sink_ptr queued::parts::adoptable(const spdlog::sink_ptr& now, const std::string& logger) {
  const auto adopted_before = std::dynamic_pointer_cast<adopted_sink>(now);
  if (!adopted_before) return std::dynamic_pointer_cast<queued_sink>(now) ? nullptr : now;
  if (adopted_before->handler().stopped()) {
    adopted_before->hand_level_on();
    return adopted_before->original();
  }
  if (!holds(now))
    say.say(severity::warning, fmt::format("logger '{}' is adopted already: its sink stays with what adopted it, and goes back with that; "
                                           "stop that first to have it adopted anew",
                                           logger));
  return nullptr;
}

std::string queued::parts::name_like(const std::string& wanted) {
  std::string name = wanted;
  for (int n = 2; !names.insert(name).second; ++n) name = fmt::format("{} ({})", wanted, n);
  return name;
}

std::shared_ptr<adopted_sink> queued::parts::find(const spdlog::sink_ptr& original) const {
  for (const auto& each : sinks)
    if (auto ours = std::dynamic_pointer_cast<adopted_sink>(each); ours && ours->original() == original && !ours->handler().stopped()) return ours;
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
  for (const auto& each : adopted) {
    const auto logger = each.lock();
    if (!logger) continue;
    auto now = logger->sinks();
    for (auto& sink : now)
      if (const auto ours = std::dynamic_pointer_cast<adopted_sink>(sink); ours && holds(ours)) {
        ours->hand_level_on();
        sink = ours->original();
      }
    change_sinks(logger, std::move(now));
  }
}

void queued::parts::restore_configured() {
  for (auto& each : configured) {
    const auto logger = each.logger.lock();
    configured_now().with([&](auto& all) { std::erase_if(all, same_as(logger)); });  // of those that are gone, all
    if (!logger) continue;
    auto now = logger->sinks();
    if (std::erase_if(now, [&](const auto& sink) { return holds(sink); }) == 0) continue;
    now.insert(now.begin(), each.sinks_before.begin(), each.sinks_before.end());
    change_sinks(logger, std::move(now));
    if (logger->level() == each.level_now) logger->set_level(each.level_before);
    if (!each.made || process_ends()) continue;
    if (spdlog::default_logger() == logger)
      spdlog::set_default_logger(nullptr);
    else if (spdlog::get(logger->name()) == logger)
      spdlog::drop(logger->name());
  }
}

}  // namespace logrelay
