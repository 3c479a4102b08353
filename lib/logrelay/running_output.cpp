#include <logrelay/running_output.hpp>

#include <logrelay/spool/spool_options.hpp>
#include <logrelay/util/deadline.hpp>
#include <logrelay/util/privileges.hpp>
#include <logrelay/util/quantity.hpp>
#include <logrelay/util/thrown.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace logrelay {
namespace {

// A folder that was not to be had when it should have been is tried again after this long.
constexpr std::chrono::milliseconds queue_pause{500};
// One that was told to leave waits for its peer's goodbye.
constexpr std::chrono::milliseconds look_at_end{500};

overflow overflow_of(const std::string& name) {
  if (name == "block") return overflow::block;
  if (name == "drop-newest") return overflow::drop_newest;
  return name == "drop-oldest" ? overflow::drop_oldest : overflow::adaptive;
}

const format_kind& format_of(const std::string& text, const registries& known) {
  return *std::find_if(known.formats.begin(), known.formats.end(), [&](const auto& kind) { return kind.matches(text); });
}

std::shared_ptr<queue> make_spool(spool_request asked, const std::string& name, queue_events tell, const surroundings& in) {
  spool_queue::parts given;
  given.rules = asked.rules;
  given.name = name;
  given.folder = asked.folder;
  given.open = [path = asked.folder] { return std::make_unique<folder_disk>(path, folder_disk::access::exclusive); };
  given.unmake = [](disk& folder) { static_cast<folder_disk&>(folder).unmake(); };
  given.give = [](disk& folder, uid_t user, gid_t group) { static_cast<folder_disk&>(folder).give_to(user, group); };
  given.release = [](disk& folder) { static_cast<folder_disk&>(folder).unlock(); };
  given.say = [to = &in.say](severity how, std::string_view text) { to->say(how, text); };
  return std::make_shared<spool_queue>(std::move(given), in.pool, in.clock, std::move(tell));
}

}  // namespace

encoding_rules encoding_of(const output_config& config, const registries& known, const output& to) {
  const auto& text = config.options.text("format");
  const auto& body = format_of(text, known);
  encoding_rules rules;
  rules.route = to.make_route();
  if (!to.datagrams()) {
    const auto& name = config.options.text("framing");
    rules.frames = name == "nul"       ? framing::nul
                   : name == "octet"   ? framing::octet
                   : name == "newline" ? framing::newline
                   : config.kind->network ? body.network_framing
                                          : framing::newline;
  }
  rules.strip_ansi = config.options.yes("strip-ansi");
  if (!config.timestamp.empty() && !body.has_header) rules.prefix = format_of(config.timestamp, known).make(config.timestamp, config.options);
  rules.body = body.make(text, config.options);
  for (const auto& kind : known.filters) kind.make(config.options, rules.filters);
  return rules;
}

queue_rules rules_of(const output_config& config, const encoding_rules& encoding) {
  queue_rules limits;
  limits.capacity_bytes = config.options.size("queue");
  limits.when_full = overflow_of(config.options.text("overflow"));
  limits.stall_after = config.options.duration("stall-after");
  limits.gap_marker = config.options.yes("gap-marker");
  limits.keep_times = encoding.prefix || encoding.body || encoding.route;
  return limits;
}

std::shared_ptr<queue> make_queue(const output_config& config, const queue_rules& limits, queue_events tell, const surroundings& in) {
  if (auto spooled = spool_of(config.options, limits)) return make_spool(std::move(*spooled), config.name, std::move(tell), in);
  return std::make_shared<memory_queue>(limits, in.pool, in.clock, std::move(tell));
}

struct running_output::assembly {
  std::unique_ptr<queue_listener> listener;
  queue_rules rules;
};

running_output::assembly running_output::assemble(const output_config& of) const {
  auto to = of.kind->make(of);
  auto encoding = encoding_of(of, in_->known, *to);
  const queue_rules rules = rules_of(of, encoding);
  return {std::make_unique<queue_listener>(listener_parts{
              of.name, std::move(to), std::make_unique<line_encoder>(std::move(encoding)), rules.stall_after,
              [say = &in_->say](severity how, std::string_view text) { say->say(how, text); },
              [with = in_->common] { with->events.signal(); }, alarm_}),
          rules};
}

running_output::running_output(const output_config& of, std::size_t its_place, const surroundings& in) : config(of), place(its_place), in_(&in) {
  auto made = assemble(of);
  listener_ = std::move(made.listener);
  rules_ = made.rules;
  capacity_->store(rules_.capacity_bytes);
  takes_all = !of.options.given("from");

  queue_events tell;
  tell.on_lines = [alarm = alarm_] { alarm->notify(); };
  tell.on_room = [with = in.common] { with->handler.room_again(); };
  tell.on_left = [with = in.common] { with->events.signal(); };
  tell.on_loss = [to = &in.say, name = of.name, full = capacity_](bool begins, const tally& dropped) {
    to->say(begins ? severity::warning : severity::notice,
            begins ? fmt::format("output '{}': its queue is full ({}); dropping lines until it moves again", name, readable_size(full->load()))
                   : fmt::format("output '{}': takes lines again; {} were dropped", name, dropped.lines));
  };
  lines = make_queue(of, rules_, std::move(tell), in);
}

void running_output::prepare() {
  listener_->to().prepare();
  lines->prepare();
  has_queue_ = true;
}

void running_output::unprepare() noexcept {
  if (started_ && !listener_->done()) return;  // its thread hangs, and still has what would be taken from it
  lines->unprepare();
  listener_->to().unprepare();
}

void running_output::give_to(const user_and_group& whose) {
  listener_->to().give_to(whose.user, whose.group);
  lines->give_to(whose.user, whose.group);
}

void running_output::start() {
  listener_->start(lines);
  started_ = true;
}

void running_output::change(const output_config& to, steady_time now) {
  auto made = assemble(to);
  if (started_ && !before_) {
    before_ = std::move(listener_);
    before_->retire();
    told_to_leave_ = now;
    said_ = started_ = false;
  }
  listener_ = std::move(made.listener);
  rules_ = made.rules;
  config = to;
}

steady_time running_output::advance(steady_time now) {
  if (!before_) return steady_time::max();
  if (before_->done()) {
    succeed();
    return steady_time::max();
  }
  // A connection that does not move is as good as one that breaks: what it has not acknowledged is sent again.
  // (One that only waits for a goodbye gives up by itself.)
  const auto patience = deadline_in(rules_.stall_after, std::max(lines->account().last_progress, told_to_leave_));
  if (before_->says_goodbye()) return now + look_at_end;
  if (now < patience) return patience;
  if (!before_->keeps_place()) before_->abandon();
  if (!std::exchange(said_, true))
    in_->say.say(severity::warning, fmt::format("output '{}': is in the middle of a line; its new options wait until it moves", config.name));
  return steady_time::max();
}

void running_output::succeed() {
  const auto last = before_->report();
  past_.retries += last.retries;
  past_.rotations += last.rotations;
  past_.last_error = last.last_error;
  if (const auto owed = before_->take_owed(); !owed.pieces.empty()) {
    if (abandoned_)
      past_.in_doubt_bytes += last.in_doubt_bytes;
    else if (!listener_->owe(owed))
      in_->say.say(severity::warning, fmt::format("output '{}': what its peer took last is not sent again: its new options do not allow that", config.name));
  }
  before_.reset();
  lines->rewind();
  lines->change(rules_);
  capacity_->store(rules_.capacity_bytes);
  static_cast<void>(start_late());
}

void running_output::open_queue() {
  try {
    lines->prepare();
  } catch (const error&) {
    lines->unprepare();
    throw;
  }
  has_queue_ = true;
}

steady_time running_output::open_queue_late(steady_time now) {
  if (now < open_again_) return open_again_;
  try {
    open_queue();
  } catch (const error& e) {
    if (!std::exchange(queue_failing_, true))
      in_->say.say(severity::error, fmt::format("output '{}': {}; its lines wait in memory, trying again", config.name, e.what()));
    return open_again_ = now + queue_pause;
  }
  if (std::exchange(queue_failing_, false))
    in_->say.say(severity::notice, fmt::format("output '{}': its queue on disk takes its lines now", config.name));
  return steady_time::max();
}

bool running_output::start_late() {
  if (abandoned_) return true;
  try {
    listener_->to().prepare();
  } catch (const error& e) {
    in_->say.say(severity::error, fmt::format("output '{}': {}; it is tried again", config.name, e.what()));
  }
  try {
    start();
  } catch (const std::exception& e) {
    if (!std::exchange(lacks_thread_, true))
      in_->say.say(severity::error, fmt::format("output '{}': {}; its lines wait, trying again", config.name, reason_of(e)));
    return false;
  }
  lacks_thread_ = false;
  return true;
}

void running_output::close() {
  lines->close();
  listener_->hurry();
}

void running_output::abandon() {
  abandoned_ = true;
  listener_->abandon();
  if (before_) before_->abandon();
}

bool running_output::done() const {
  if (before_) return abandoned_ && before_->done();
  return started_ ? listener_->done() : abandoned_;
}

bool running_output::over() const { return done() || (started_ && listener_->report().ended); }

steady_time running_output::may_drain_until(steady_time began, std::chrono::milliseconds patience, std::optional<steady_time> stop_by) const {
  const ledger account = lines->account();
  const auto since = std::max({account.last_progress, began, held_until_});
  const auto until = stop_by ? *stop_by : since + patience;
  // One that has nothing left but an end to come to, such as rotated files to compress, has the whole time for that.
  const bool all_safe = account.pending.lines > 0 && account.spooled == account.pending;
  return all_safe ? std::min(until, deadline_in(rules_.stall_after, since)) : until;
}

output_report running_output::report() const {
  output_report one;
  one.name = config.name;
  one.endpoint = config.where.where;
  one.account = lines->account();
  one.queue_limit_bytes = config.options.size("queue");
  if (one.account.pending.lines > 0) {
    one.oldest_pending_seconds = std::chrono::duration<double>(in_->clock.wall() - one.account.oldest).count();
    const auto still = std::max(in_->clock.now() - one.account.last_progress, steady_time::duration::zero());
    one.stalled_seconds = std::chrono::duration<double>(still).count();
    if (still >= config.options.duration("stall-after")) one.state = output_state::stalled;
  }
  if (one.account.dropping) one.state = output_state::dropping;
  const auto add = [&](const listener_report& of) {
    one.retries += of.retries;
    one.rotations += of.rotations;
    one.in_doubt_bytes += of.in_doubt_bytes;
    if (!of.last_error.empty()) one.last_error = of.last_error;
  };
  add(past_);
  if (before_) add(before_->report());
  add(listener_->report());
  return one;
}

void running_output::reopen() { (before_ ? before_ : listener_)->reopen(); }
void running_output::rotate() { (before_ ? before_ : listener_)->rotate(); }

}  // namespace logrelay
