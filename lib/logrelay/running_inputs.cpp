#include <logrelay/running_inputs.hpp>

#include <logrelay/input/reader.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace logrelay {

running_inputs::running_inputs(const std::vector<input_config>& all, surroundings& in) : in_(in) {
  for (const auto& each : all) {
    all_.push_back({each.kind->make(each), each});
    all_.back().it->place(all_.size() - 1);
  }
}

running_inputs::~running_inputs() = default;

void running_inputs::prepare() {
  for (auto& each : all_) {
    ++prepared_;
    try {
      each.it->prepare();
    } catch (const error& e) {
      throw error(fmt::format("input '{}': {}", each.config.name, e.what()));
    }
  }
}

void running_inputs::unprepare() noexcept {
  for (; prepared_ > 0; --prepared_) all_[prepared_ - 1].it->unprepare();
}

fd running_inputs::writing_end(std::string_view scheme) {
  for (auto& each : all_)
    if (each.config.where.scheme == scheme) return each.it->writing_end();
  return {};
}

void running_inputs::start() {
  reads_ = std::make_unique<reader>(in_.common->handler, in_.pool, in_.say, in_.clock, [with = in_.common] { with->events.signal(); });
  std::vector<input*> all;
  for (auto& each : all_) all.push_back(each.it.get());
  reads_->start(std::move(all));
}

void running_inputs::stop(stop_kind how) { reads_->stop(how); }
void running_inputs::stop_now() { reads_->stop_now(); }
bool running_inputs::done() const { return reads_->done(); }

void running_inputs::ask_reader() {
  reader_asked_.store(true);
  reads_->post([this] {
    reader_asked_.store(false);
    in_.common->events.signal();
  });
}

bool running_inputs::reader_answered() const { return !reader_asked_.load() || reads_->done(); }

void running_inputs::leave() {
  for (auto& each : all_) each.it->leave([with = in_.common] { with->events.signal(); });
}

bool running_inputs::all_left() const {
  return std::all_of(all_.begin(), all_.end(), [](const auto& each) { return each.it->left(); });
}

std::vector<input_report> running_inputs::report(const running_outputs& outputs) const {
  const auto now = in_.clock.now();
  std::vector<input_report> all;
  for (const auto& each : all_) {
    input_report one;
    one.name = each.config.name;
    one.endpoint = each.config.where.where;
    one.lines = each.it->counters.lines;
    one.bytes = each.it->counters.bytes;
    one.long_lines = each.it->counters.long_lines;
    one.framing_errors = each.it->counters.framing_errors;
    one.connections = each.it->connections;
    one.refused = each.it->counters.refused;
    one.kernel_drops = each.it->kernel_drops();
    one.listening = each.it->listening_on();
    one.failed = each.it->failed;
    const auto held = each.it->held.by_output(now);
    for (std::size_t i = 0; i < held.size(); ++i) {
      if (held[i].count() <= 0) continue;
      one.paused_seconds += held[i].count();
      one.paused_by.emplace_back(outputs.name_of(i), held[i].count());
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace logrelay
