#include <logrelay/relay.hpp>

#include <logrelay/config_change.hpp>
#include <logrelay/running_inputs.hpp>
#include <logrelay/running_outputs.hpp>
#include <logrelay/util/child.hpp>
#include <logrelay/util/privileges.hpp>
#include <logrelay/util/quantity.hpp>
#include <logrelay/util/waiter.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// After TERM or INT, unless --drain-timeout says otherwise: below the ten seconds that docker waits before it kills.
constexpr auto signal_drain = 8s;
// How long inputs may go on reading what is ready.
constexpr auto last_reads = 1s;
// How long listeners that were told to stop may take to cut off a torn line; one that hangs is not waited for.
constexpr auto farewell = 250ms;
// The same where a start fails: what they have made cannot be removed before, and nobody is in a hurry.
constexpr auto taking_back = 2s;
// While a full queue holds up inputs that are to stop, they may have come to their end; while outputs drain, their lines may
// come to be safe on disk, or their progress may end.
constexpr auto look_again = 500ms;
// How long queues may take then to bring to disk what is left.
constexpr auto keeping = 1500ms;

enum class phase { idle, running, stopping, draining, leaving, over };

}  // namespace

struct relay::parts {
  parts(relay_config given, const registries& all, messages& to, const time_source& time)
      : config(std::move(given)), in{all, to, time} {}

  void take_back() noexcept;
  void run_command();
  void watch_command();
  bool reads_on(steady_time at);
  void tell_what_is_open(steady_time at);
  void end_reading();
  void drain();
  void leave();
  void keep_rest(steady_time at);
  void begin_change();
  void change_outputs();
  void ask_for_stop(stop_kind how);
  void begin_stop();
  steady_time change();
  [[nodiscard]] steady_time drain_deadline(steady_time at) const {
    return std::max(at, outputs->drain_deadline(config.global.duration("drain-timeout"), stop_by));
  }

  relay_config config;
  surroundings in;

  phase now = phase::idle;
  bool keeping_rest = false;  // the second half of leaving
  steady_time started{}, deadline = steady_time::max();
  steady_time tell_at = steady_time::max();  // that a command's output is still open, whose end it was
  std::optional<steady_time> stop_by;  // after TERM or INT
  steady_time read_by{};               // the same, for an input that a queue holds up
  std::optional<stop_kind> stop_asked;  // once a reload is through
  // Inputs go first, in destruction too: nothing is published to queues that are not there.
  std::optional<running_outputs> outputs;
  std::optional<running_inputs> inputs;
  std::optional<relay_config> next, after_next;  // what a reload is on the way to, and the one behind it
  steady_time change_by{};                        // when inputs that are to end are no longer waited for
  std::optional<child> command;
  std::optional<int> command_status;
};

relay::relay(relay_config config, const registries& known, messages& say, const time_source& clock)
    : parts_(std::make_unique<parts>(std::move(config), known, say, clock)) {}

relay::~relay() = default;

void relay::start() {
  auto& my = *parts_;
  my.outputs.emplace(my.config.outputs, my.in);
  my.inputs.emplace(my.config.inputs, my.in);
  try {
    my.outputs->prepare();
    my.inputs->prepare();
    const auto& user = my.config.global.text("user");
    const auto& group = my.config.global.text("group");
    my.outputs->give_to(who_comes(user, group));
    become(user, group);
    my.run_command();
    my.outputs->start();
    my.inputs->start();
  } catch (...) {
    my.take_back();
    throw;
  }
  my.started = my.in.clock.now();
  my.now = phase::running;
}

// What has begun ends first: nobody may use any more what prepare() made.
void relay::parts::take_back() noexcept {
  if (command) command->send(SIGTERM);
  inputs->unprepare();
  outputs->abandon();
  waiter wait(in.common->events);
  for (const auto until = std::chrono::steady_clock::now() + taking_back; !outputs->all_done();)
    if (wait.wait(-1, 0, until) == waiter::event::timeout) break;
  outputs->unprepare();
}

void relay::parts::run_command() {
  if (config.command.empty()) return;
  const fd output = inputs->writing_end("stdout"), errors = inputs->writing_end("stderr");
  command.emplace(config.command, output, errors);
}

// Once it has ended, its pipes are read to their end, which a child that it left behind may keep us from; the other inputs
// end as after TERM. A TERM or INT before that has set a moment for all, but lines that came last get a little time too.
void relay::parts::watch_command() {
  if (!command || command_status) return;
  const auto ended = command->ended();
  if (!ended) return;
  command_status = exit_status_of(*ended);
  const auto at = in.clock.now();
  if (stop_by) stop_by = std::max(*stop_by, at + last_reads);
  if (now == phase::running) ask_for_stop(stop_kind::terminate);
}

// In the middle of a reload inputs that come instead of others take over first what those leave to be read.
void relay::parts::ask_for_stop(stop_kind how) {
  stop_asked = how;
  after_next.reset();
  if (next)
    inputs->ask_reader();  // for then those have left it
  else
    begin_stop();
}

void relay::parts::begin_stop() {
  const auto at = in.clock.now();
  const auto how = *std::exchange(stop_asked, std::nullopt);
  now = phase::stopping;
  if (command) {
    deadline = stop_by ? *stop_by - last_reads / 2 : at + config.global.duration("drain-timeout");
    if (!stop_by) tell_at = at + last_reads;
  } else
    deadline = how == stop_kind::terminate ? at + std::min<steady_time::duration>(last_reads, (*stop_by - at) / 2) : read_by;
  inputs->stop(how);
}

// What was ready when the inputs were asked to stop is read even where a full queue holds them up, as long as there is time:
// after TERM and INT as much as they give, after a command's end for as long as an output makes progress.
bool relay::parts::reads_on(steady_time at) {
  if (!inputs->has_unread()) return false;
  const auto until = stop_by ? read_by : drain_deadline(at);
  if (at >= until) return false;
  deadline = std::min<steady_time>(at + look_again, until);
  return true;
}

// Who waits for us does not know for whom we wait.
void relay::parts::tell_what_is_open(steady_time at) {
  if (at < tell_at) return;
  tell_at = steady_time::max();
  if (inputs->has_unread()) return;
  in.say.say(severity::notice, fmt::format("'{}' has ended, but a process that it started keeps its output open: reads on, for {} at most",
                                           config.command.front(), readable_duration(config.global.duration("drain-timeout"))));
}

void relay::parts::end_reading() {
  if (command && !inputs->has_unread())
    in.say.say(severity::warning, fmt::format("'{}' has ended, but a process that it started keeps its output open: what that still writes is lost",
                                           config.command.front()));
  inputs->stop_now();
}

int relay::descriptor() const { return parts_->in.common->events.descriptor(); }
bool relay::over() const { return parts_->now == phase::over; }
bool relay::ending() const { return parts_->now > phase::running; }

void relay::ask_reader() { parts_->inputs->ask_reader(); }
bool relay::reader_answered() const { return parts_->inputs->reader_answered(); }

steady_time relay::step() {
  auto& my = *parts_;
  my.in.common->events.clear();
  my.watch_command();
  const auto now = my.in.clock.now();
  const auto change = my.change();
  switch (my.now) {
    case phase::running:
    case phase::stopping:
      if (my.outputs->nobody_takes()) my.inputs->end_unwanted();
      if (my.inputs->done()) {
        my.drain();
        return step();
      }
      my.tell_what_is_open(now);
      if (now >= my.deadline && !my.reads_on(now)) my.end_reading();
      return my.inputs->done() || now >= my.deadline ? change : std::min({change, my.deadline, my.tell_at});
    case phase::draining:
      if (my.outputs->all_done()) {
        my.leave();
        return step();
      }
      if (const auto until = my.drain_deadline(now); now < until) return std::min<steady_time>({change, until, now + look_again});
      my.leave();
      return my.deadline;
    case phase::leaving:
      // First the listeners, so that nothing is taken any more; then what is left is brought to where it is kept.
      if (!my.keeping_rest && ((my.outputs->all_done() && my.inputs->done()) || now >= my.deadline)) my.keep_rest(now);
      if (my.keeping_rest) my.outputs->keep_late();
      if (my.keeping_rest && ((my.outputs->all_left() && my.inputs->all_left()) || now >= my.deadline)) my.now = phase::over;
      return my.now == phase::over ? steady_time::max() : my.deadline;
    case phase::idle:
    case phase::over: break;
  }
  return steady_time::max();
}

// The inputs have ended: what is in the queues is all there will be.
void relay::parts::drain() {
  now = phase::draining;
  outputs->drain();
}

void relay::parts::leave() {
  now = phase::leaving;
  deadline = in.clock.now() + farewell;
  outputs->abandon();
}

void relay::parts::keep_rest(steady_time at) {
  keeping_rest = true;
  deadline = at + keeping;
  outputs->leave();
  inputs->leave();
}

void relay::stop(stop_kind how) {
  auto& my = *parts_;
  const bool by_itself = my.now == phase::stopping && !my.stop_by;  // since its command has ended
  if (my.now != phase::running && my.now != phase::draining && !by_itself) return;
  const auto now = my.in.clock.now();
  const auto& given = my.config.global;
  const auto whole = given.given("drain-timeout") ? given.duration("drain-timeout") : std::chrono::milliseconds(signal_drain);
  my.stop_by = now + whole;
  // The queues need a moment for what is read last.
  my.read_by = *my.stop_by - std::min<std::chrono::milliseconds>(last_reads, whole / 4);
  if (by_itself) my.deadline = std::min(my.deadline, my.read_by);
  if (my.now != phase::running || (my.command && !my.command_status)) return;
  my.ask_for_stop(how);
}

void relay::stop_now() {
  auto& my = *parts_;
  if (my.now == phase::over || my.now == phase::idle) return;
  my.inputs->stop_now();
  my.leave();
}

void relay::reopen() {
  if (parts_->now == phase::idle) return;
  parts_->outputs->reopen();
  parts_->inputs->reopen();
}

void relay::rotate() {
  if (parts_->outputs) parts_->outputs->rotate();
}

void relay::reload(relay_config config) {
  auto& my = *parts_;
  if (my.now != phase::running) return;
  (my.next ? my.after_next : my.next).emplace(std::move(config));
  if (!my.after_next) my.begin_change();
}

bool relay::settled() const { return !parts_->next && parts_->outputs && parts_->outputs->settled(); }

// First the inputs that go read what is ready, for the outputs as they are. Then the outputs change, then new inputs come.
void relay::parts::begin_change() {
  for (const auto& each : fixed_until_restart(config, *next))
    in.say.say(severity::warning, fmt::format("'{}' has changed: that is of no effect until the next start", each));
  inputs->end_others(next->inputs);
  change_by = in.clock.now() + last_reads;
}

void relay::parts::change_outputs() {
  const auto places = inputs->places_of(next->inputs);
  outputs->change(next->outputs, places, inputs->places());
  inputs->begin(next->inputs);
  auto command_line = std::move(config.command);
  config = std::move(*next);
  config.command = std::move(command_line);
  next.reset();
  if (!after_next) return;
  next = std::exchange(after_next, {});
  begin_change();
}

// What a reload has begun. Returns when to look at it again.
steady_time relay::parts::change() {
  if (now == phase::idle || now == phase::over) return steady_time::max();
  const bool ending = inputs->ending();
  if (next && now != phase::running) next.reset(), after_next.reset();
  const bool hurries = stop_asked && inputs->reader_answered();
  if (next && (!ending || hurries || in.clock.now() >= change_by)) change_outputs();
  if (stop_asked && !next && now == phase::running) begin_stop();
  return std::min(next ? change_by : steady_time::max(), outputs->advance(config.global.duration("drain-timeout")));
}

int relay::command_descriptor() const { return parts_->command && !parts_->command_status ? parts_->command->descriptor() : -1; }

void relay::send(int signal) const {
  if (command_descriptor() >= 0) parts_->command->send(signal);
}

std::optional<int> relay::command_status() const { return parts_->command_status; }

relay_report relay::report() const {
  const auto& my = *parts_;
  relay_report all;
  if (my.now == phase::idle) return all;
  all.uptime_seconds = std::chrono::duration<double>(my.in.clock.now() - my.started).count();
  all.inputs = my.inputs->report(*my.outputs);
  all.outputs = my.outputs->report();
  const bool lost = std::any_of(all.outputs.begin(), all.outputs.end(), [&](const auto& each) {
    const ledger& account = each.account;
    return account.dropped().lines + account.rejected.lines + each.in_doubt_bytes > 0 || (my.now == phase::over && account.pending.lines > account.spooled.lines);
  });
  const auto in_trouble = [&](const input_report& each) { return each.failed || (my.now == phase::over && each.unread_bytes > 0); };
  if (lost || my.outputs->lost_any() || my.inputs->failed_any() || std::any_of(all.inputs.begin(), all.inputs.end(), in_trouble)) all.exit_status = 1;
  if (my.command_status.value_or(0) != 0) all.exit_status = *my.command_status;
  return all;
}

std::vector<std::string> relay::losses() const { return logrelay::losses(report()); }

}  // namespace logrelay
