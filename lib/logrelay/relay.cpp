#include <logrelay/relay.hpp>

#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/queue_handler.hpp>
#include <logrelay/core/queue_listener.hpp>
#include <logrelay/input/command_input.hpp>
#include <logrelay/input/reader.hpp>
#include <logrelay/spool/spool_options.hpp>
#include <logrelay/util/child.hpp>
#include <logrelay/util/quantity.hpp>
#include <logrelay/util/wake.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
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
// While outputs drain, their lines may come to be safe on disk, or their progress may end.
constexpr auto look_again = 500ms;
// How long queues may take then to bring to disk what is left.
constexpr auto keeping = 1500ms;

enum class phase { idle, running, stopping, draining, leaving, over };

struct running_input {
  std::unique_ptr<input> it;
  const input_config* config;
};

struct running_output {
  const output_config* config;
  std::unique_ptr<queue_listener> listener;
  std::shared_ptr<queue> lines;
};

overflow overflow_of(const std::string& name) {
  if (name == "block") return overflow::block;
  if (name == "drop-newest") return overflow::drop_newest;
  return name == "drop-oldest" ? overflow::drop_oldest : overflow::adaptive;
}

const format_kind& format_of(const std::string& text, const registries& known) {
  return *std::find_if(known.formats.begin(), known.formats.end(), [&](const auto& kind) { return kind.matches(text); });
}

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

}  // namespace

struct relay::parts {
  parts(const relay_config& given, const registries& all, messages& to, const time_source& time)
      : config(given), known(all), say(to), clock(time) {}

  void make_output(const output_config& of, std::size_t place);
  std::shared_ptr<queue> make_spool(spool_request asked, const std::string& name, queue_events tell);
  void prepare();
  void run_command();
  void watch_command();
  void end_reading();
  void drain();
  void leave();
  void keep_rest(steady_time at);
  [[nodiscard]] bool all_left() const;
  [[nodiscard]] bool all_done() const;
  steady_time drain_deadline(steady_time now);

  const relay_config& config;
  const registries& known;
  messages& say;
  const time_source& clock;

  phase now = phase::idle;
  bool keeping_rest = false;  // the second half of leaving
  steady_time started{}, deadline = steady_time::max(), drain_began{};
  std::optional<steady_time> stop_by;  // after TERM or INT
  // What listeners and their queues call: it outlives us in a listener that was let go.
  struct common_parts {
    wake events;
    queue_handler handler;
  };
  const std::shared_ptr<common_parts> common = std::make_shared<common_parts>();
  block_pool pool;
  std::vector<running_output> outputs;
  std::vector<running_input> inputs;
  std::unique_ptr<reader> reads;
  std::atomic<bool> reader_asked{false};
  std::optional<child> command;
  std::optional<int> command_status;
};

relay::relay(const relay_config& config, const registries& known, messages& say, const time_source& clock)
    : parts_(std::make_unique<parts>(config, known, say, clock)) {}

relay::~relay() {
  parts_->reads.reset();
  for (auto& each : parts_->outputs) each.listener->abandon();
}

void relay::parts::make_output(const output_config& of, std::size_t place) {
  auto to = of.kind->make(of);
  auto rules = encoding_of(of, known, *to);
  queue_rules limits;
  limits.capacity_bytes = of.options.size("queue");
  limits.when_full = overflow_of(of.options.text("overflow"));
  limits.stall_after = of.options.duration("stall-after");
  limits.gap_marker = of.options.yes("gap-marker");
  limits.keep_times = rules.prefix || rules.body || rules.route;

  running_output made;
  made.config = &of;
  made.listener = std::make_unique<queue_listener>(listener_parts{
      of.name, std::move(to), std::make_unique<line_encoder>(std::move(rules)), limits.stall_after,
      [to = &say](severity how, std::string_view text) { to->say(how, text); }, [with = common] { with->events.signal(); }});
  queue_events tell;
  tell.on_lines = made.listener->on_lines();
  tell.on_room = [with = common] { with->handler.room_again(); };
  tell.on_left = [with = common] { with->events.signal(); };
  tell.on_loss = [to = &say, name = of.name, full = limits.capacity_bytes](bool begins, const tally& dropped) {
    to->say(begins ? severity::warning : severity::notice,
            begins ? fmt::format("output '{}': its queue is full ({}); dropping lines until it moves again", name, readable_size(full))
                   : fmt::format("output '{}': takes lines again; {} were dropped", name, dropped.lines));
  };
  if (auto spooled = spool_of(of.options, limits))
    made.lines = make_spool(std::move(*spooled), of.name, std::move(tell));
  else
    made.lines = std::make_shared<memory_queue>(limits, pool, clock, std::move(tell));
  for (const std::size_t from : of.from) common->handler.connect(from, place, *made.lines);
  outputs.push_back(std::move(made));
}

std::shared_ptr<queue> relay::parts::make_spool(spool_request asked, const std::string& name, queue_events tell) {
  spool_queue::parts given;
  given.rules = asked.rules;
  given.name = name;
  given.folder = asked.folder;
  given.open = [path = asked.folder] { return std::make_unique<folder_disk>(path, folder_disk::access::exclusive); };
  given.unmake = [](disk& folder) { static_cast<folder_disk&>(folder).unmake(); };
  given.say = [to = &say](severity how, std::string_view text) { to->say(how, text); };
  return std::make_shared<spool_queue>(std::move(given), pool, clock, std::move(tell));
}

// Opens what has to be there, in order; takes it all back when one of them is not.
void relay::parts::prepare() {
  std::size_t begun_inputs = 0, begun_outputs = 0;
  std::string whose;
  try {
    for (auto& each : outputs) {
      whose = fmt::format("output '{}'", each.config->name);
      ++begun_outputs;
      each.listener->to().prepare();
      each.lines->prepare();
    }
    for (auto& each : inputs) {
      whose = fmt::format("input '{}'", each.config->name);
      ++begun_inputs;
      each.it->prepare();
    }
  } catch (const error& e) {
    while (begun_inputs > 0) inputs[--begun_inputs].it->unprepare();
    while (begun_outputs > 0) {
      const auto& each = outputs[--begun_outputs];
      each.lines->unprepare();
      each.listener->to().unprepare();
    }
    throw error(fmt::format("{}: {}", whose, e.what()));
  }
  try {
    run_command();
  } catch (const error&) {
    for (auto& each : inputs) each.it->unprepare();
    for (auto& each : outputs) each.lines->unprepare(), each.listener->to().unprepare();
    throw;
  }
}

void relay::parts::run_command() {
  if (config.command.empty()) return;
  fd output, errors;
  for (auto& each : inputs)
    if (reads_command(*each.config)) (each.config->where.scheme == "stdout" ? output : errors) = each.it->writing_end();
  command.emplace(config.command, output, errors);
}

// Once it has ended, its pipes are read to their end, which a child that it left behind may keep us from; the other inputs
// end as after TERM. A TERM or INT before that has set a moment for all, but lines that came last get a little time too.
void relay::parts::watch_command() {
  if (!command || command_status) return;
  const auto ended = command->ended();
  if (!ended) return;
  command_status = exit_status_of(*ended);
  const auto at = clock.now();
  if (stop_by) stop_by = std::max(*stop_by, at + last_reads);
  if (now != phase::running) return;
  now = phase::stopping;
  deadline = stop_by ? *stop_by - last_reads / 2 : at + config.global.duration("drain-timeout");
  reads->stop(stop_kind::terminate);
}

void relay::parts::end_reading() {
  if (command)
    say.say(severity::warning, fmt::format("'{}' has ended, but a process that it started keeps its output open: what that still writes is lost",
                                           config.command.front()));
  reads->stop_now();
}

void relay::start() {
  auto& my = *parts_;
  for (std::size_t i = 0; i < my.config.outputs.size(); ++i) my.make_output(my.config.outputs[i], i);
  for (const auto& each : my.config.inputs) {
    my.inputs.push_back({each.kind->make(each), &each});
    my.inputs.back().it->place(my.inputs.size() - 1);
  }
  my.prepare();

  my.started = my.clock.now();
  for (auto& each : my.outputs) each.listener->start(each.lines);
  my.reads = std::make_unique<reader>(my.common->handler, my.pool, my.say, my.clock, [&my] { my.common->events.signal(); });
  std::vector<input*> all;
  for (auto& each : my.inputs) all.push_back(each.it.get());
  my.reads->start(std::move(all));
  my.now = phase::running;
}

int relay::descriptor() const { return parts_->common->events.descriptor(); }
bool relay::over() const { return parts_->now == phase::over; }
bool relay::ending() const { return parts_->now > phase::running; }

void relay::ask_reader() {
  parts_->reader_asked.store(true);
  parts_->reads->post([&my = *parts_] {
    my.reader_asked.store(false);
    my.common->events.signal();
  });
}

bool relay::reader_answered() const { return !parts_->reader_asked.load() || parts_->reads->done(); }

steady_time relay::step() {
  auto& my = *parts_;
  my.common->events.clear();
  my.watch_command();
  const auto now = my.clock.now();
  const bool nobody_left = std::all_of(my.outputs.begin(), my.outputs.end(),
                                       [](const auto& each) { return each.listener->report().ended || each.listener->done(); });
  switch (my.now) {
    case phase::running:
    case phase::stopping:
      if (nobody_left) my.reads->stop_now();
      if (my.reads->done()) {
        my.drain();
        return step();
      }
      if (now >= my.deadline) my.end_reading();
      return my.reads->done() || now >= my.deadline ? steady_time::max() : my.deadline;
    case phase::draining:
      if (my.all_done()) {
        my.leave();
        return step();
      }
      if (const auto until = my.drain_deadline(now); now < until) return std::min<steady_time>(until, now + look_again);
      my.leave();
      return my.deadline;
    case phase::leaving:
      // First the listeners, so that nothing is taken any more; then what is left is brought to where it is kept.
      if (!my.keeping_rest && ((my.all_done() && my.reads->done()) || now >= my.deadline)) my.keep_rest(now);
      if (my.keeping_rest && (my.all_left() || now >= my.deadline)) my.now = phase::over;
      return my.now == phase::over ? steady_time::max() : my.deadline;
    case phase::idle:
    case phase::over: break;
  }
  return steady_time::max();
}

// The inputs have ended: what is in the queues is all there will be.
void relay::parts::drain() {
  now = phase::draining;
  drain_began = clock.now();
  for (auto& each : outputs) {
    each.lines->close();
    each.listener->hurry();
  }
}

// After TERM or INT one moment for all; else each output may go without progress for as long as --drain-timeout says, and
// who does not is told to stop. One whose lines are all on disk holds nobody up for longer than its stall-after.
steady_time relay::parts::drain_deadline(steady_time at) {
  const auto patience = config.global.duration("drain-timeout");
  auto next = steady_time::min();
  for (auto& each : outputs) {
    if (each.listener->done()) continue;
    const ledger account = each.lines->account();
    const auto since = std::max(account.last_progress, drain_began);
    auto until = stop_by ? *stop_by : since + patience;
    if (account.spooled == account.pending) until = std::min(until, since + each.config->options.duration("stall-after"));
    next = std::max(next, until);
  }
  return next == steady_time::min() ? at : next;
}

void relay::parts::leave() {
  now = phase::leaving;
  deadline = clock.now() + farewell;
  for (auto& each : outputs) each.listener->abandon();
}

void relay::parts::keep_rest(steady_time at) {
  keeping_rest = true;
  deadline = at + keeping;
  for (auto& each : outputs) each.lines->leave();
}

bool relay::parts::all_left() const {
  return std::all_of(outputs.begin(), outputs.end(), [](const auto& each) { return each.lines->left(); });
}

bool relay::parts::all_done() const {
  return std::all_of(outputs.begin(), outputs.end(), [](const auto& each) { return each.listener->done(); });
}

void relay::stop(stop_kind how) {
  auto& my = *parts_;
  if (my.now != phase::running && my.now != phase::draining) return;
  const auto now = my.clock.now();
  const auto& given = my.config.global;
  const auto whole = given.given("drain-timeout") ? given.duration("drain-timeout") : std::chrono::milliseconds(signal_drain);
  my.stop_by = now + whole;
  if (my.now != phase::running || (my.command && !my.command_status)) return;
  my.now = phase::stopping;
  // The queues need a moment for what is read last.
  const auto reading = how == stop_kind::terminate ? std::min<std::chrono::milliseconds>(last_reads, whole / 2)
                                                   : whole - std::min<std::chrono::milliseconds>(last_reads, whole / 4);
  my.deadline = now + reading;
  my.reads->stop(how);
}

void relay::stop_now() {
  auto& my = *parts_;
  if (my.now == phase::over || my.now == phase::idle) return;
  my.reads->stop_now();
  my.leave();
}

void relay::reopen() {
  for (auto& each : parts_->outputs) each.listener->reopen();
}

void relay::rotate() {
  for (auto& each : parts_->outputs) each.listener->rotate();
}

int relay::command_descriptor() const { return parts_->command && !parts_->command_status ? parts_->command->descriptor() : -1; }

void relay::send(int signal) const {
  if (command_descriptor() >= 0) parts_->command->send(signal);
}

std::optional<int> relay::command_status() const { return parts_->command_status; }

relay_report relay::report() const {
  const auto& my = *parts_;
  const auto now = my.clock.now();
  relay_report all;
  all.uptime_seconds = my.now == phase::idle ? 0 : std::chrono::duration<double>(now - my.started).count();
  for (const auto& each : my.inputs) {
    input_report one;
    one.name = each.config->name;
    one.endpoint = each.config->where.where;
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
      one.paused_by.emplace_back(my.outputs[i].config->name, held[i].count());
    }
    if (one.failed) all.exit_status = 1;
    all.inputs.push_back(std::move(one));
  }
  for (const auto& each : my.outputs) {
    output_report one;
    one.name = each.config->name;
    one.endpoint = each.config->where.where;
    one.account = each.lines->account();
    if (one.account.pending.lines > 0)
      one.oldest_pending_seconds = std::chrono::duration<double>(my.clock.wall() - one.account.oldest).count();
    auto listener = each.listener->report();
    one.rotations = listener.rotations;
    one.retries = listener.retries;
    one.last_error = std::move(listener.last_error);
    const auto& account = one.account;
    if (account.dropped().lines + account.rejected.lines > 0 || (my.now == phase::over && account.pending.lines > account.spooled.lines)) all.exit_status = 1;
    all.outputs.push_back(std::move(one));
  }
  if (my.command_status.value_or(0) != 0) all.exit_status = *my.command_status;
  return all;
}

std::vector<std::string> relay::losses() const {
  std::vector<std::string> said;
  for (const auto& each : report().outputs) {
    const auto& account = each.account;
    std::string what;
    const auto add = [&](const tally& lines, std::string_view fate) {
      if (lines.lines == 0) return;
      fmt::format_to(std::back_inserter(what), "{}{} {} ({}) {}", what.empty() ? "" : ", ", lines.lines,
                     lines.lines == 1 ? "line" : "lines", readable_size(lines.bytes), fate);
    };
    const auto& damaged = account.dropped_by[static_cast<std::size_t>(drop_reason::damaged)];
    add(account.dropped() - damaged, "dropped, its queue was full");
    add(damaged, "damaged on disk");
    add(account.rejected, "rejected");
    add(account.pending - account.spooled, "not delivered");
    if (what.empty()) continue;
    if (!each.last_error.empty()) fmt::format_to(std::back_inserter(what), "; last error: {}", each.last_error);
    said.push_back(fmt::format("output '{}': {}", each.name, what));
  }
  return said;
}

}  // namespace logrelay
