#include <logrelay/embed/publisher.hpp>

#include <logrelay/embed/process_hooks.hpp>
#include <logrelay/embed/record_queue.hpp>
#include <logrelay/running_output.hpp>
#include <logrelay/util/guarded.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// How long a listener that was told to stop may take to cut off a torn line; one that hangs is not waited for …
constexpr auto farewell = 250ms;
// … and how long a spool may take to bring to disk what is left.
constexpr auto keeping = 1500ms;

/// What a listener and its queue use: it lasts as long as they do.
struct life {
  explicit life(const registries& known) : in{known, say, clock} {}
  messages say;
  time_source clock;
  surroundings in;
  std::unique_ptr<queue_listener> listener;
  std::shared_ptr<record_queue> lines;
};

std::shared_ptr<const source> this_program() {
  auto us = std::make_shared<source>();
  us->app = program_invocation_short_name;
  us->pid = ::getpid();
  us->decode = decoding::packed;
  us->local = true;
  return us;
}

/// A thread of ours has none of the program's signals: its handlers run where it expects them.
class signals_blocked {
 public:
  signals_blocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  sigset_t before_;
};

void keep_for_ever(std::shared_ptr<void> what) {
  static auto* const all = new guarded<std::vector<std::shared_ptr<void>>>;  // a pointer to it: no leak to those who look
  all->with([&](auto& kept) { kept.push_back(std::move(what)); });
}

output_config read_endpoint(std::string_view text, const registries& known) {
  relay_request asked;
  asked.inputs = {"fd:0"};  // asked of make_config for form's sake: it is never opened
  asked.outputs = {std::string(text)};
  mistakes wrong;
  relay_config read = make_config(asked, known, wrong);
  if (wrong.empty()) return std::move(read.outputs.front());
  std::string all;
  for (const auto& each : wrong.texts()) all += (all.empty() ? "" : "; ") + each;
  throw error(all);
}

}  // namespace

class publisher::state final : public process_member, public std::enable_shared_from_this<state> {
 public:
  using maker = std::function<void(life&)>;

  state(std::string name, const registries& known, std::chrono::milliseconds drain, bool in_child, maker make)
      : name_(std::move(name)), known_(known), drain_(drain), listener_in_child_(in_child), make_(std::move(make)) {}

  void start() {
    auto begun = std::make_unique<life>(known_);
    make_(*begun);
    begun->listener->to().prepare();
    try {
      begun->lines->prepare();
    } catch (const error&) {
      begun->listener->to().unprepare();
      throw;
    }
    {
      const signals_blocked meanwhile;
      begun->listener->start(begun->lines);
    }
    life_.store(begun.get());
    owned_ = std::move(begun);
  }

  published offer(const program_record& one) {
    const auto taken = life_.load()->lines->publish(one);
    if (taken != published::closed || !forked_.load()) return taken;
    return begin_again() ? life_.load()->lines->publish(one) : published::closed;
  }

  [[nodiscard]] record_queue& lines() { return *life_.load()->lines; }
  void count_refused() { ++refused_; }

  publisher_report report() const {
    if (forked_.load()) return {.name = name_, .account = {}, .refused = refused_.load(), .last_error = {}};
    const std::lock_guard lock(mutex_);
    const life& now = *life_.load();
    auto of_listener = now.listener ? now.listener->report() : at_end_;
    return {name_, now.lines->account(), now.lines->refused() + refused_.load(), of_listener.retries, std::move(of_listener.last_error), let_go_};
  }

  void begin_stop() override {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || forked_.load()) return;
      stopping_ = true;
      life_.load()->listener->hurry();
    }
    life_.load()->lines->close();  // tells who waits for room
  }

  void end_stop(steady_time began) override { stop_by(began + drain_); }

  void stop_by(steady_time deadline) {
    begin_stop();
    if (forked_.load()) return;
    if (stopper_.exchange(true)) {
      while (!over_.load()) std::this_thread::sleep_for(1ms);
      return;
    }
    life& now = *life_.load();
    const auto wait = [&](steady_time until, auto&& condition) {
      waiter events(now.in.common->events);
      while (!condition())
        if (events.wait(-1, 0, until) == waiter::event::timeout) return;
    };
    wait(deadline, [&] { return now.listener->done(); });
    if (!now.listener->done()) {
      now.listener->abandon();
      wait(std::chrono::steady_clock::now() + farewell, [&] { return now.listener->done(); });
    }
    now.lines->leave();
    wait(std::chrono::steady_clock::now() + keeping, [&] { return now.lines->left(); });
    {
      const std::lock_guard lock(mutex_);
      at_end_ = now.listener->report();
      let_go_ = !now.listener->done();
      now.listener.reset();  // joins a thread that has ended, or lets it go
    }
    if (let_go_) keep_for_ever(shared_from_this());  // what it uses outlasts us
    over_.store(true);
    const ledger rest = now.lines->account();
    if (const auto left = rest.pending - rest.spooled; left.lines > 0)
      now.say.say(severity::warning, fmt::format("output '{}': {} {} ({}) not delivered when it was stopped{}", name_, left.lines,
                                                 left.lines == 1 ? "record" : "records", readable_size(left.bytes),
                                                 let_go_ ? "; it hangs, and is left to itself" : ""));
  }

  [[nodiscard]] bool over() const { return over_.load(); }
  [[nodiscard]] std::chrono::milliseconds drain() const { return drain_; }

  void lock_before_fork() override {
    mutex_.lock();
    locked_ = life_.load()->lines;
    locked_->lock();
  }
  void unlock_after_fork() override {
    auto held = std::exchange(locked_, {});
    held->unlock();
    mutex_.unlock();
  }
  // The listener is not here, and may have held any lock: nothing of it is ever touched again.
  void in_child() override {
    locked_->shut();
    static_cast<void>(owned_.release());
    forked_.store(true);
    over_.store(stopping_ || !listener_in_child_);
  }

 private:
  // In a child, at its first record: a queue and a listener of its own.
  bool begin_again() {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !listener_in_child_) return false;
    if (!forked_.load()) return true;
    try {
      start();
      forked_.store(false);
      return true;
    } catch (const error& e) {
      messages().say(severity::warning, fmt::format("output '{}': {}; process {} has no log there", name_, e.what(), ::getpid()));
      listener_in_child_ = false;
      return false;
    }
  }

  const std::string name_;
  const registries& known_;
  const std::chrono::milliseconds drain_;
  bool listener_in_child_;
  const maker make_;
  std::unique_ptr<life> owned_;
  std::atomic<life*> life_{nullptr};
  std::atomic<bool> forked_{false}, stopper_{false}, over_{false};
  std::atomic<std::uint64_t> refused_{0};
  mutable std::mutex mutex_;  // held for moments
  bool stopping_ = false;
  bool let_go_ = false;        // … when it was over:
  listener_report at_end_;
  std::shared_ptr<record_queue> locked_;
};

namespace {

/// The rules of the queue behind.
queue_rules behind(queue_rules rules) {
  rules.capacity_bytes = record_queue::behind_bytes(rules.capacity_bytes);
  return rules;
}

std::shared_ptr<record_queue> queue_for(std::shared_ptr<queue> stands_behind, const queue_rules& rules, const life& with) {
  return std::make_shared<record_queue>(
      record_rules{rules.capacity_bytes, rules.when_full == overflow::block || rules.when_full == overflow::adaptive, this_program()},
      std::move(stands_behind), with.in.pool, with.listener->on_lines());
}

/// What the queue behind tells: its listener, and, of losses, the user.
queue_events events_for(const std::string& name, std::size_t capacity_bytes, life& with) {
  queue_events tell;
  tell.on_lines = with.listener->on_lines();
  tell.on_room = [] {};  // who waits for room looks when something is settled (record_queue)
  tell.on_left = [common = with.in.common] { common->events.signal(); };
  tell.on_loss = [say = &with.say, name, capacity_bytes](bool begins, const tally& dropped) {
    say->say(begins ? severity::warning : severity::notice,
             begins ? fmt::format("output '{}': its queue is full ({}); dropping records until it moves again", name, readable_size(capacity_bytes))
                    : fmt::format("output '{}': takes records again; {} were dropped", name, dropped.lines));
  };
  return tell;
}

std::unique_ptr<queue_listener> listener_for(const std::string& name, std::unique_ptr<output> to, encoding_rules&& encoding,
                                             std::chrono::milliseconds stall_after, const life& with) {
  return std::make_unique<queue_listener>(listener_parts{
      name, std::move(to), std::make_unique<line_encoder>(std::move(encoding)), stall_after,
      [say = &with.say](severity how, std::string_view text) { const_cast<messages*>(say)->say(how, text); },
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
                     std::function<std::unique_ptr<format>()> body) {
  auto config = std::make_shared<const output_config>(read_endpoint(endpoint, known));
  state_ = std::make_shared<state>(config->name, known, drain, true, [config, &known, body = std::move(body)](life& to) {
    auto out = config->kind->make(*config);
    auto encoding = encoding_of(*config, known, *out);
    if (!encoding.body && body) encoding.body = body();
    auto rules = rules_of(*config, encoding);
    rules.keep_times = false;  // records have their own
    if (!config->options.given("overflow")) rules.when_full = overflow::drop_oldest;
    to.listener = listener_for(config->name, std::move(out), std::move(encoding), rules.stall_after, to);
    to.lines = queue_for(make_queue(*config, behind(rules), events_for(config->name, rules.capacity_bytes, to), to.in), rules, to);
  });
  state_->start();
  join_process(state_);
}

publisher::publisher(custom_output made)
    : state_(std::make_shared<state>(made.name, standard_kinds(), made.drain, made.listener_in_child, [made](life& to) {
        auto out = made.make();
        encoding_rules encoding;
        if (!out->datagrams()) encoding.frames = framing::newline;
        encoding.route = out->make_route();
        if (made.body) encoding.body = made.body();
        if (made.filters) made.filters(encoding.filters);
        to.listener = listener_for(made.name, std::move(out), std::move(encoding), made.rules.stall_after, to);
        queue_events tell = events_for(made.name, made.rules.capacity_bytes, to);
        to.lines = queue_for(std::make_shared<memory_queue>(behind(made.rules), to.in.pool, to.in.clock, std::move(tell)), made.rules, to);
      })) {
  state_->start();
  join_process(state_);
}

publisher::~publisher() { state_->stop_by(std::chrono::steady_clock::now() + state_->drain()); }

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

bool publisher::flush(std::chrono::milliseconds deadline) const {
  const auto until = std::chrono::steady_clock::now() + deadline;
  const auto settled = [](const ledger& all) { return all.accepted.lines - all.pending.lines; };
  const auto target = report().account.accepted.lines;
  while (settled(report().account) < target) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

publisher_report publisher::stop(std::chrono::milliseconds deadline) { return end_stop(std::chrono::steady_clock::now() + deadline); }
void publisher::begin_stop() { state_->begin_stop(); }

publisher_report publisher::end_stop(steady_time deadline) {
  state_->stop_by(deadline);
  return report();
}

bool publisher::stopped() const { return state_->over(); }

}  // namespace logrelay
