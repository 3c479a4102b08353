#include <logrelay/embed/publisher.hpp>

#include <logrelay/embed/publisher_state.hpp>
#include <logrelay/util/deadline.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const source> this_program() {
  auto us = std::make_shared<source>();
  us->app = program_invocation_short_name;
  us->pid = ::getpid();
  us->decode = decoding::packed;
  us->local = true;
  return us;
}

output_config read_endpoint(std::string_view text, const registries& known) {
  relay_request asked;
  asked.inputs = {"fd:0,decode=json"};  // for form's sake: never opened, and with levels, as records have them
  asked.outputs = {std::string(text)};
  mistakes wrong;
  relay_config read = make_config(asked, known, wrong);
  if (wrong.empty()) return std::move(read.outputs.front());
  std::string all;
  for (const auto& each : wrong.texts()) all += (all.empty() ? "" : "; ") + each;
  throw error(all);
}

std::shared_ptr<record_queue> queue_for(const record_queue::queue_maker& stands_behind, const queue_rules& rules, const publisher_life& with) {
  return std::make_shared<record_queue>(
      record_rules{rules.capacity_bytes, rules.when_full == overflow::block || rules.when_full == overflow::adaptive, this_program()},
      stands_behind, with.in.pool, with.listener->on_lines());
}

/// What the queue behind tells: of losses, the user. Of lines the listener needs no word: the queue before knows whether it
/// sleeps, except where a spool has brought them to disk.
queue_events events_for(const std::string& name, std::size_t capacity_bytes, bool on_disk, publisher_life& with, std::function<void()> on_room) {
  queue_events tell;
  tell.on_lines = on_disk ? with.listener->on_lines() : [] {};
  tell.on_room = std::move(on_room);
  tell.on_left = [common = with.in.common] { common->events.signal(); };
  tell.on_loss = [say = &with.say, name, capacity_bytes](bool begins, const tally& dropped) {
    say->say(begins ? severity::warning : severity::notice,
             begins ? fmt::format("output '{}': its queue is full ({}); dropping records until it moves again", name, readable_size(capacity_bytes))
                    : fmt::format("output '{}': takes records again; {} were dropped", name, dropped.lines));
  };
  return tell;
}

std::unique_ptr<queue_listener> listener_for(const std::string& name, std::unique_ptr<output> to, encoding_rules&& encoding,
                                             std::chrono::milliseconds stall_after, publisher_life& with) {
  return std::make_unique<queue_listener>(listener_parts{
      name, std::move(to), std::make_unique<line_encoder>(std::move(encoding)), stall_after,
      [say = &with.say](severity how, std::string_view text) { say->say(how, text); },
      [common = with.in.common] { common->events.signal(); }});
}

}  // namespace

const registries& publisher::standard_kinds() {
  static const auto* const all = new registries(standard_registries());  // never destroyed: listeners may outlast main
  return *all;
}

publisher::publisher(std::string_view endpoint) : publisher(endpoint, standard_kinds()) {}
publisher::publisher(std::string_view endpoint, const registries& known, std::chrono::milliseconds drain)
    : publisher(endpoint, known, drain, {}) {}

publisher::publisher(std::string_view endpoint, const registries& known, std::chrono::milliseconds drain,
                     std::function<std::unique_ptr<format>()> body)
    : publisher(read_endpoint(endpoint, known), known, drain, std::move(body)) {
  start();
}

publisher::publisher(const output_config& checked, const registries& known, std::chrono::milliseconds drain,
                     std::function<std::unique_ptr<format>()> body) {
  auto asked = std::make_shared<output_config>(checked);
  asked->in_program = true;
  const std::shared_ptr<const output_config> config = std::move(asked);
  state_ = std::make_shared<state>(config->name, known, drain, true, [config, &known, body = std::move(body)](publisher_life& to) {
    auto out = config->kind->make(*config);
    auto encoding = encoding_of(*config, known, *out);
    if (!encoding.body && body) encoding.body = body();
    auto rules = rules_of(*config, encoding);
    rules.keep_times = false;  // records have their own
    const bool on_disk = config->options.given("spool") || config->options.given("spill");
    if (!config->options.given("overflow")) rules.when_full = overflow::drop_oldest;
    to.stall_after = rules.stall_after;
    to.listener = listener_for(config->name, std::move(out), std::move(encoding), rules.stall_after, to);
    const auto behind = [&](std::function<void()> on_room) {
      return make_queue(*config, record_queue::behind(rules), events_for(config->name, rules.capacity_bytes, on_disk, to, std::move(on_room)), to.in);
    };
    to.lines = queue_for(behind, rules, to);
  });
  state_->prepare();
}

publisher::publisher(custom_output made)
    : state_(std::make_shared<state>(made.name, standard_kinds(), made.drain, made.listener_in_child, [made](publisher_life& to) {
        auto out = made.make();
        encoding_rules encoding;
        if (!out->datagrams()) encoding.frames = framing::newline;
        encoding.route = out->make_route();
        if (made.body) encoding.body = made.body();
        if (made.filters) made.filters(encoding.filters);
        to.on_let_go = made.let_go;
        to.stall_after = made.rules.stall_after;
        to.listener = listener_for(made.name, std::move(out), std::move(encoding), made.rules.stall_after, to);
        const auto behind = [&](std::function<void()> on_room) {
          return std::make_shared<memory_queue>(record_queue::behind(made.rules), to.in.pool, to.in.clock,
                                                events_for(made.name, made.rules.capacity_bytes, false, to, std::move(on_room)));
        };
        to.lines = queue_for(behind, made.rules, to);
      })) {
  state_->prepare();
  start();
}

publisher::~publisher() {
  if (state_->started()) state_->stop_by(deadline_in(state_->drain()));
}

void publisher::start() {
  state_->start();
  join_process(state_);
}

published publisher::offer(const program_record& one) { return state_->offer(one); }

bool publisher::publish(const program_record& one) {
  const auto taken = state_->offer(one);
  if (taken == published::closed) state_->count_refused();
  return taken == published::accepted;
}

bool publisher::publish(std::string_view message, level severity) {
  return publish({.severity = severity, .time = std::chrono::system_clock::now(), .logger = {}, .file = {}, .function = {}, .message = message});
}

bool publisher::has_room() const { return state_->lines().has_room(); }
std::uint64_t publisher::when_room(std::function<void()> tell) { return state_->lines().when_room(std::move(tell)); }
bool publisher::forget(std::uint64_t waiter) { return state_->lines().forget(waiter); }
publisher_report publisher::report() const { return state_->report(); }

void publisher::hand_over(std::atomic<bool>* then) { state_->lines().hand_over(then); }

bool publisher::flush(std::chrono::milliseconds deadline) const {
  const auto until = deadline_in(deadline);
  const auto settled = [](const ledger& all) { return all.accepted.lines - all.pending.lines; };
  state_->lines().hand_over();
  const auto target = report().account.accepted.lines;
  while (settled(report().account) < target) {
    if (stopped() || std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

publisher_report publisher::stop(std::chrono::milliseconds deadline) {
  state_->stop_by(deadline_in(deadline));
  return report();
}

void publisher::begin_stop() { state_->begin_stop(); }
bool publisher::stop_step(steady_time deadline) { return state_->stop_step(deadline); }
bool publisher::stopped() const { return state_->over(); }

}  // namespace logrelay
