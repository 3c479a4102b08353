#include <logrelay/running_outputs.hpp>

#include <logrelay/config_change.hpp>
#include <logrelay/util/privileges.hpp>
#include <logrelay/util/thrown.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// How long a listener that was told to stop may take; one that hangs is let go.
constexpr auto farewell = 250ms;
// How long a queue may take then to bring to disk what is left.
constexpr auto keeping = 1500ms;
// While an output drains, its lines may come to be safe on disk, or its progress may end.
constexpr auto look_again = 500ms;

}  // namespace

running_outputs::running_outputs(const std::vector<output_config>& all, const surroundings& in) : in_(in) {
  for (const auto& each : all) {
    all_.emplace_back(each, place_of(each.name), in);
    for (const std::size_t from : each.from) in.common->handler.connect(from, all_.back().place, *all_.back().lines);
  }
}

running_outputs::~running_outputs() { abandon(); }

void running_outputs::prepare() {
  for (auto& each : all_) {
    ++prepared_;
    try {
      each.prepare();
    } catch (const std::exception& e) {
      throw error(fmt::format("output '{}': {}", each.config.name, reason_of(e)));
    }
  }
}

void running_outputs::unprepare() noexcept {
  for (; prepared_ > 0; --prepared_) all_[prepared_ - 1].unprepare();
}

void running_outputs::give_to(const user_and_group& whose) {
  if (whose.user == static_cast<uid_t>(-1) && whose.group == static_cast<gid_t>(-1)) return;
  for (auto& each : all_) each.give_to(whose);
}

void running_outputs::start() {
  for (auto& each : all_) {
    try {
      each.start();
    } catch (const std::exception& e) {
      throw error(fmt::format("output '{}': {}", each.config.name, reason_of(e)));
    }
  }
}

void running_outputs::reopen() {
  for (auto& each : all_) each.reopen();
}

void running_outputs::rotate() {
  for (auto& each : all_) each.rotate();
}

void running_outputs::change(const std::vector<output_config>& wanted, const std::vector<std::size_t>& inputs, std::size_t places) {
  std::vector<running_output> before = std::exchange(all_, {});
  const auto stays = [&](const running_output& one) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& each) {
      return is_successor(one.config, each) && (is_inherited(each) || keeps_queue(one.config, each));
    });
  };
  const auto gone = std::stable_partition(before.begin(), before.end(), stays);
  const auto now = in_.clock.now();
  const std::size_t left_before = leaving_.size();
  for (auto it = gone; it != before.end(); ++it) leaving_.push_back({std::move(*it), now});
  before.erase(gone, before.end());

  for (const auto& each : wanted) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const auto& one) { return is_successor(one.config, each); });
    if (found == before.end()) {
      add(each);
      continue;
    }
    change_one(*found, each);
    all_.push_back(std::move(*found));
    before.erase(found);
  }
  route(inputs, places);
  for (auto it = std::next(leaving_.begin(), static_cast<std::ptrdiff_t>(left_before)); it != leaving_.end(); ++it) it->it.close();
}

void running_outputs::change_one(running_output& one, const output_config& to) {
  const auto stays = [&](std::string_view why) {
    one.config.from = to.from;
    in_.say.say(severity::warning, fmt::format("output '{}': goes on with its options from before: {}", to.name, why));
  };
  one.takes_all = !to.options.given("from");
  if (is_unchanged(one.config, to)) {
    one.config = to;
    return;
  }
  if (is_inherited(to)) return stays("a descriptor that was inherited cannot be opened again until the next start");
  if (changes_disk_queue(one.config, to))
    in_.say.say(severity::warning, fmt::format("output '{}': its queue on disk changes at the next start", to.name));
  try {
    one.change(to, in_.clock.now());
  } catch (const error& e) {
    stays(e.what());
  }
}

void running_outputs::add(const output_config& wanted) {
  const auto left_out = [&](std::string_view why) {
    in_.say.say(severity::error, fmt::format("output '{}': {}; it is left out", wanted.name, why));
    lost_ = true;
  };
  if (is_inherited(wanted)) return left_out("a descriptor that was inherited cannot be opened until the next start");
  try {
    running_output made(wanted, place_of(wanted.name), in_);
    if (!lacks_directory(made)) made.open_queue();
    if (!has_to_wait(made)) static_cast<void>(made.start_late());
    all_.push_back(std::move(made));
  } catch (const error& e) {
    left_out(e.what());
  }
}

// Somebody who leaves still writes where it wants to, or has the directory for its lines.
bool running_outputs::has_to_wait(const running_output& one) const {
  for (const auto& each : leaving_) {
    if (&each.it == &one) break;  // those behind it wait for it
    if (share_an_endpoint(each.it.config, one.config)) return true;
  }
  return lacks_directory(one);
}

bool running_outputs::lacks_directory(const running_output& one) const {
  for (const auto& each : leaving_) {
    if (&each.it == &one) break;
    const bool is_free = each.it.has_queue() && each.it.lines->left();
    if (!is_free && share_a_directory(each.it.config, one.config)) return true;
  }
  return false;
}

// When to look again.
steady_time running_outputs::start_if_free(running_output& one) {
  if (!one.waits() || one.done()) return steady_time::max();
  if (!one.has_queue()) {
    if (lacks_directory(one)) return steady_time::max();
    if (const auto again = one.open_queue_late(in_.clock.now()); !one.has_queue()) return again;
  }
  if (has_to_wait(one) || one.start_late()) return steady_time::max();
  return in_.clock.now() + look_again;
}

std::size_t running_outputs::place_of(const std::string& name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
  names_.push_back(name);
  return names_.size() - 1;
}

void running_outputs::route(const std::vector<std::size_t>& inputs, std::size_t places) {
  queue_handler::route_table routes(places);
  for (const auto& each : all_) {
    if (each.takes_all)
      for (auto& one : routes) one.push_back({each.place, each.lines.get()});
    else
      for (const std::size_t from : each.config.from) routes[inputs[from]].push_back({each.place, each.lines.get()});
  }
  in_.common->handler.set_routes(std::move(routes));
}

steady_time running_outputs::advance(std::chrono::milliseconds patience) {
  auto look_at = steady_time::max();
  if (abandoned_) return look_at;
  const auto now = in_.clock.now();
  const auto hold_up = [&](running_output& one) {
    if (one.waits() && has_to_wait(one)) one.held_up(now);
  };
  for (auto& each : leaving_) hold_up(each.it);
  for (auto& each : all_) hold_up(each);
  for (auto it = leaving_.begin(); it != leaving_.end();) {
    look_at = std::min(look_at, it->it.advance(now));
    if (has_gone(*it, patience, look_at)) {
      say_gone(it->it);
      it = leaving_.erase(it);
    } else {
      ++it;
    }
  }
  const auto go_on = [&](running_output& one) {
    look_at = std::min({look_at, one.advance(now), start_if_free(one)});
  };
  for (auto& each : leaving_) go_on(each.it);
  for (auto& each : all_) go_on(each);
  return look_at;
}

bool running_outputs::has_gone(leaving_output& one, std::chrono::milliseconds patience, steady_time& look_at) {
  using stage = leaving_output::stage;
  const auto now = in_.clock.now();
  if (one.now == stage::draining && !one.it.done()) {
    const auto until = one.it.may_drain_until(one.began, patience);
    if (now < until) {
      look_at = std::min<steady_time>({look_at, until, now + look_again});
      return false;
    }
    one.it.abandon();
    one.now = stage::stopping;
    one.until = now + farewell;
  }
  if (one.now != stage::keeping && (one.it.done() || now >= one.until)) {
    one.it.lines->leave();
    one.now = stage::keeping;
    one.until = now + keeping;
  }
  if (one.now == stage::keeping && (one.it.lines->left() || now >= one.until)) return true;
  look_at = std::min(look_at, one.until);
  return false;
}

void running_outputs::say_gone(const running_output& one) {
  one.lines->give_up();
  const auto told = one.report();
  const ledger& account = told.account;
  relay_report alone;
  alone.outputs.push_back(told);
  const auto said = losses(alone);
  for (const auto& each : said) in_.say.say(severity::error, fmt::format("{}; it is removed", each));
  lost_ = lost_ || !said.empty();
  if (!one.done()) in_.say.say(severity::warning, fmt::format("output '{}': its thread hangs, and is let go", told.name));
  if (!said.empty()) return;
  if (account.pending.lines > 0)
    in_.say.say(severity::notice, fmt::format("output '{}': is removed; {} lines stay on disk", told.name, account.pending.lines));
  else
    in_.say.say(severity::info, fmt::format("output '{}': is removed; it has no lines left", told.name));
}

bool running_outputs::settled() const {
  return leaving_.empty() && std::all_of(all_.begin(), all_.end(), [](const auto& each) { return each.started(); });
}

void running_outputs::drain() {
  drain_began_ = in_.clock.now();
  for (auto& each : all_) each.close();
}

steady_time running_outputs::drain_deadline(std::chrono::milliseconds patience, std::optional<steady_time> stop_by) const {
  auto next = steady_time::min();
  for (const auto& each : all_)
    if (!each.done()) next = std::max(next, each.may_drain_until(drain_began_, patience, stop_by));
  for (const auto& each : leaving_)
    if (!each.it.done()) next = std::max(next, each.it.may_drain_until(each.began, patience, stop_by));
  return next == steady_time::min() ? in_.clock.now() : next;
}

void running_outputs::abandon() {
  abandoned_ = true;
  for (auto& each : all_) each.abandon();
  for (auto& each : leaving_) each.it.abandon();
}

void running_outputs::leave() {
  for (auto& each : all_) each.lines->leave();
  for (auto& each : leaving_) each.it.lines->leave();
}

void running_outputs::keep_late() {
  const auto keep = [&](running_output& one) {
    if (one.has_queue() || lacks_directory(one)) return;
    static_cast<void>(one.open_queue_late(in_.clock.now()));
  };
  for (auto& each : leaving_) keep(each.it);
  for (auto& each : all_) keep(each);
}

bool running_outputs::nobody_takes() const {
  return !all_.empty() && std::all_of(all_.begin(), all_.end(), [](const auto& each) { return each.over(); });
}

bool running_outputs::all_done() const {
  return std::all_of(all_.begin(), all_.end(), [](const auto& each) { return each.done(); }) &&
         std::all_of(leaving_.begin(), leaving_.end(), [](const auto& each) { return each.it.done(); });
}

bool running_outputs::all_left() const {
  const auto has_left = [&](const running_output& each) {
    return each.lines->left() && (each.has_queue() || !lacks_directory(each));
  };
  return std::all_of(all_.begin(), all_.end(), has_left) &&
         std::all_of(leaving_.begin(), leaving_.end(), [&](const auto& each) { return has_left(each.it); });
}

std::vector<output_report> running_outputs::report() const {
  std::vector<output_report> all;
  for (const auto& each : all_) all.push_back(each.report());
  for (const auto& each : leaving_) all.push_back(each.it.report());
  return all;
}

}  // namespace logrelay
