#include <logrelay/running_inputs.hpp>

#include <logrelay/config_change.hpp>
#include <logrelay/input/reader.hpp>
#include <logrelay/util/thrown.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace logrelay {
namespace {

// The same, or one that cannot be opened again.
bool goes_on_as(const input_config& before, const input_config& wanted) {
  return is_unchanged(before, wanted) || (is_inherited(before) && before.where.where == wanted.where.where);
}

std::optional<unsigned> mode_of(const input_config& input) {
  if (!input.options.knows("mode") || !input.options.given("mode")) return {};
  return input.options.mode("mode");
}

// It may take over what the one before has open: files that are followed by their name or their owner's, sockets by their
// address. The permissions of a socket's path are what it was bound with.
bool may_follow(const input_config& before, const input_config& wanted) {
  if (before.where.scheme != wanted.where.scheme || mode_of(before) != mode_of(wanted)) return false;
  return before.where.rest == wanted.where.rest || (before.where.scheme == "tail" && before.name == wanted.name);
}

void add_counts(input_report& to, const input_report& what) {
  to.lines += what.lines;
  to.bytes += what.bytes;
  to.long_lines += what.long_lines;
  to.framing_errors += what.framing_errors;
  to.refused += what.refused;
  to.limited += what.limited;
  to.unread_bytes += what.unread_bytes;
  to.kernel_drops += what.kernel_drops;
}

void add_holds(std::vector<hold_times::seconds>& to, const std::vector<hold_times::seconds>& what) {
  if (to.size() < what.size()) to.resize(what.size());
  for (std::size_t i = 0; i < what.size(); ++i) to[i] += what[i];
}

// What came to an input that goes and did not get through, which no report tells any more; empty: all did.
std::string losses_of(const input_report& gone) {
  std::string said;
  const auto add = [&](std::uint64_t n, std::string_view one, std::string_view many) {
    if (n > 0) fmt::format_to(std::back_inserter(said), "{}{} {}", said.empty() ? "" : ", ", n, n == 1 ? one : many);
  };
  add(gone.kernel_drops, "datagram was dropped by the kernel", "datagrams were dropped by the kernel");
  add(gone.limited, "datagram was dropped by its rate", "datagrams were dropped by its rate");
  add(gone.refused, "connection or datagram was refused", "connections or datagrams were refused");
  add(gone.framing_errors, "framing error was found", "framing errors were found");
  return said;
}

}  // namespace

running_inputs::running_inputs(const std::vector<input_config>& all, surroundings& in) : in_(in) {
  for (const auto& each : all) all_.push_back(make(each));
}

running_inputs::~running_inputs() = default;

running_inputs::running_input running_inputs::make(const input_config& of) {
  running_input made{of.kind->make(of), of};
  made.it->place(place_of(of.name));
  return made;
}

std::size_t running_inputs::place_of(const std::string& name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
  names_.push_back(name);
  return names_.size() - 1;
}

void running_inputs::prepare() {
  for (auto& each : all_) {
    ++prepared_;
    try {
      each.it->prepare();
    } catch (const std::exception& e) {
      throw error(fmt::format("input '{}': {}", each.config.name, reason_of(e)));
    }
  }
}

void running_inputs::unprepare() noexcept {
  reads_.reset();
  for (; prepared_ > 0; --prepared_) all_[prepared_ - 1].it->unprepare();
}

fd running_inputs::writing_end(std::string_view scheme) {
  for (auto& each : all_)
    if (each.config.where.scheme == scheme) return each.it->writing_end();
  return {};
}

void running_inputs::start() {
  const auto tell = [with = in_.common] { with->events.signal(); };
  reads_ = std::make_unique<reader>(in_.common->handler, in_.pool, in_.say, in_.clock, tell, tell);
  std::vector<input*> all;
  for (auto& each : all_) all.push_back(each.it.get());
  reads_->start(std::move(all));
}

void running_inputs::end_others(const std::vector<input_config>& wanted) {
  changing_ = true;
  reads_->hold();
  const auto stays = [&](const running_input& one) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& each) { return goes_on_as(one.config, each); });
  };
  const auto gone = std::stable_partition(all_.begin(), all_.end(), stays);
  for (auto it = gone; it != all_.end(); ++it) {
    if (std::any_of(wanted.begin(), wanted.end(), [&](const auto& each) { return may_follow(it->config, each); })) it->it->expect_successor();
    reads_->remove(*it->it);
    ending_.push_back(std::move(*it));
  }
  all_.erase(gone, all_.end());
}

bool running_inputs::ending() {
  std::erase_if(ending_, [&](auto& each) {
    if (!each.it->removed) return false;
    if (!std::exchange(each.leaving, true)) each.it->leave([with = in_.common] { with->events.signal(); });
    if (!each.it->left()) return false;
    failed_ = failed_ || each.it->failed;
    in_.say.say(severity::info, fmt::format("input '{}': is removed", each.config.name));
    if (changing_)
      ended_.push_back(std::move(each));
    else
      hand_on_counts(each);
    return true;
  });
  return !ending_.empty();
}

std::vector<std::size_t> running_inputs::places_of(const std::vector<input_config>& wanted) {
  std::vector<std::size_t> places;
  for (const auto& each : wanted) {
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return goes_on_as(one.config, each); });
    places.push_back(found != all_.end() ? found->it->index() : place_of(each.name));
  }
  return places;
}

void running_inputs::begin(const std::vector<input_config>& wanted) {
  std::vector<running_input> before = std::exchange(all_, {});
  bool all_there = true;
  for (const auto& each : wanted) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const auto& one) { return goes_on_as(one.config, each); });
    if (found == before.end()) {
      all_there = add(each) && all_there;
      continue;
    }
    if (!is_unchanged(found->config, each))
      in_.say.say(severity::warning, fmt::format("input '{}': goes on with its options from before: a descriptor that was inherited cannot be "
                                                 "opened again until the next start", found->config.name));
    all_.push_back(std::move(*found));
    before.erase(found);
  }
  for (const auto& each : std::exchange(ended_, {})) hand_on_counts(each);
  changing_ = false;
  // Where nothing is left to read because it could not be opened, the next reload may do better.
  if (all_there || !all_.empty()) reads_->release();
}

bool running_inputs::add(const input_config& wanted) {
  const auto left_out = [&](std::string_view why) {
    in_.say.say(severity::error, fmt::format("input '{}': {}; it is left out", wanted.name, why));
    return false;
  };
  if (is_inherited(wanted)) return left_out("a descriptor that was inherited cannot be opened until the next start");
  running_input made = make(wanted);
  for (const auto* some : {&ended_, &ending_})
    for (const auto& each : *some) made.it->take_over(*each.it);
  try {
    made.it->prepare();
  } catch (const error& e) {
    made.it->unprepare();
    return left_out(e.what());
  }
  reads_->add(*made.it);
  all_.push_back(std::move(made));
  return true;
}

// To the one of its name that has come instead; where there is none, what it lost is said once more.
void running_inputs::hand_on_counts(const running_input& gone) {
  const auto counts = counts_of(gone);
  const auto is_next = [&](const running_input& each) { return each.config.name == gone.config.name; };
  const auto next = std::find_if(all_.begin(), all_.end(), is_next);
  if (next == all_.end()) {
    const auto lost = losses_of(counts);
    if (lost.empty()) return;
    in_.say.say(severity::warning, fmt::format("input '{}': is removed, and no more in the report: {}", gone.config.name, lost));
    return;
  }
  add_counts(next->past, counts);
  add_holds(next->past_holds, holds_of(gone));
}

bool running_inputs::has_unread() const {
  const auto has = [](const running_input& each) { return each.it->unread > 0; };
  return std::any_of(all_.begin(), all_.end(), has) || std::any_of(ending_.begin(), ending_.end(), has);
}

void running_inputs::reopen() { reads_->reopen(); }
void running_inputs::stop(stop_kind how) { reads_->stop(how); }
void running_inputs::stop_now() { reads_->stop_now(); }
void running_inputs::end_unwanted() { reads_->stop_now(reader::unread_is::wanted_by_nobody); }
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
  for (auto* some : {&all_, &ending_})
    for (auto& each : *some)
      if (!std::exchange(each.leaving, true)) each.it->leave([with = in_.common] { with->events.signal(); });
}

bool running_inputs::all_left() const {
  const auto has_left = [](const running_input& each) { return each.it->left(); };
  return std::all_of(all_.begin(), all_.end(), has_left) && std::all_of(ending_.begin(), ending_.end(), has_left);
}

std::vector<input_report> running_inputs::report(const running_outputs& outputs) const {
  std::vector<input_report> all;
  for (const auto* some : {&all_, &ending_, &ended_})
    for (const auto& each : *some) all.push_back(report(each, outputs));
  return all;
}

input_report running_inputs::report(const running_input& one, const running_outputs& outputs) const {
  input_report told = counts_of(one);
  told.name = one.config.name;
  told.endpoint = one.config.where.where;
  told.connections = one.it->connections;
  told.listening = one.it->listening_on();
  told.failed = one.it->failed;
  const auto held = holds_of(one);
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (held[i].count() <= 0) continue;
    told.paused_seconds += held[i].count();
    told.paused_by.emplace_back(outputs.name_of(i), held[i].count());
  }
  return told;
}

input_report running_inputs::counts_of(const running_input& one) const {
  input_report told;
  told.lines = one.it->counters.lines;
  told.bytes = one.it->counters.bytes;
  told.long_lines = one.it->counters.long_lines;
  told.framing_errors = one.it->counters.framing_errors;
  told.refused = one.it->counters.refused;
  told.limited = one.it->counters.limited;
  told.unread_bytes = one.it->unread;
  told.kernel_drops = one.it->kernel_drops();
  add_counts(told, one.past);
  return told;
}

std::vector<hold_times::seconds> running_inputs::holds_of(const running_input& one) const {
  auto held = one.it->held.by_output(in_.clock.now());
  add_holds(held, one.past_holds);
  return held;
}

}  // namespace logrelay
