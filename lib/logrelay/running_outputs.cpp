#include <logrelay/running_outputs.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace logrelay {

running_outputs::running_outputs(const std::vector<output_config>& all, const surroundings& in) : in_(in) {
  for (const auto& each : all) {
    all_.push_back(make_running_output(each, in));
    for (const std::size_t from : each.from) in.common->handler.connect(from, all_.size() - 1, *all_.back().lines);
  }
}

running_outputs::~running_outputs() { abandon(); }

void running_outputs::prepare() {
  for (auto& each : all_) {
    ++prepared_;
    try {
      each.listener->to().prepare();
      each.lines->prepare();
    } catch (const error& e) {
      throw error(fmt::format("output '{}': {}", each.config.name, e.what()));
    }
  }
}

void running_outputs::unprepare() noexcept {
  for (; prepared_ > 0; --prepared_) {
    auto& each = all_[prepared_ - 1];
    each.lines->unprepare();
    each.listener->to().unprepare();
  }
}

void running_outputs::start() {
  for (auto& each : all_) each.listener->start(each.lines);
}

void running_outputs::reopen() {
  for (auto& each : all_) each.listener->reopen();
}

void running_outputs::rotate() {
  for (auto& each : all_) each.listener->rotate();
}

void running_outputs::drain(steady_time now) {
  drain_began_ = now;
  for (auto& each : all_) {
    each.lines->close();
    each.listener->hurry();
  }
}

steady_time running_outputs::drain_deadline(steady_time now, std::chrono::milliseconds patience, std::optional<steady_time> stop_by) const {
  auto next = steady_time::min();
  for (auto& each : all_) {
    if (each.listener->done()) continue;
    const ledger account = each.lines->account();
    const auto since = std::max(account.last_progress, drain_began_);
    auto until = stop_by ? *stop_by : since + patience;
    if (account.spooled == account.pending) until = std::min(until, since + each.config.options.duration("stall-after"));
    next = std::max(next, until);
  }
  return next == steady_time::min() ? now : next;
}

void running_outputs::abandon() {
  for (auto& each : all_) each.listener->abandon();
}

void running_outputs::leave() {
  for (auto& each : all_) each.lines->leave();
}

bool running_outputs::nobody_takes() const {
  return std::all_of(all_.begin(), all_.end(), [](const auto& each) { return each.listener->report().ended || each.listener->done(); });
}

bool running_outputs::all_done() const {
  return std::all_of(all_.begin(), all_.end(), [](const auto& each) { return each.listener->done(); });
}

bool running_outputs::all_left() const {
  return std::all_of(all_.begin(), all_.end(), [](const auto& each) { return each.lines->left(); });
}

std::vector<output_report> running_outputs::report() const {
  std::vector<output_report> all;
  for (const auto& each : all_) {
    output_report one;
    one.name = each.config.name;
    one.endpoint = each.config.where.where;
    one.account = each.lines->account();
    if (one.account.pending.lines > 0)
      one.oldest_pending_seconds = std::chrono::duration<double>(in_.clock.wall() - one.account.oldest).count();
    auto listener = each.listener->report();
    one.rotations = listener.rotations;
    one.retries = listener.retries;
    one.last_error = std::move(listener.last_error);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace logrelay
