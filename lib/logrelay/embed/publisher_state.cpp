#include <logrelay/embed/publisher_state.hpp>

#include <logrelay/util/guarded.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// How long a listener that was told to stop may take to cut off a torn line; one that hangs is not waited for …
constexpr auto farewell = 250ms;
// … and how long a spool may take to bring to disk what is left.
constexpr auto keeping = 1500ms;

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

}  // namespace

publisher::state::~state() {
  if (life_.load() == nullptr && owned_) take_back();
}

void publisher::state::prepare() {
  auto begun = std::make_unique<publisher_life>(known_);
  make_(*begun);
  begun->listener->to().prepare();
  try {
    begun->lines->prepare();
  } catch (...) {
    begun->listener->to().unprepare();
    throw;
  }
  owned_ = std::move(begun);
}

void publisher::state::start() {
  const signals_blocked meanwhile;
  try {
    owned_->listener->start(owned_->lines);
  } catch (const std::system_error& e) {
    take_back();
    throw error(fmt::format("unable to start a thread for output '{}': {}", name_, e.code().message()));
  }
  life_.store(owned_.get());
}

void publisher::state::take_back() noexcept {
  owned_->lines->unprepare();
  owned_->listener->to().unprepare();
  owned_.reset();
}

publisher_report publisher::state::report() const {
  if (forked_.load()) return {.name = name_, .account = {}, .refused = refused_.load(), .last_error = {}};
  const std::lock_guard lock(mutex_);
  auto all = over_.load() ? at_end_ : report_now();
  all.refused = life_.load()->lines->refused() + refused_.load();  // what is published later is, too
  return all;
}

publisher_report publisher::state::report_now() const {
  const publisher_life& now = *life_.load();
  auto of_listener = now.listener->report();
  return {name_, now.lines->account(), 0, of_listener.retries, std::move(of_listener.last_error), let_go_};
}

void publisher::state::begin_stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    if (forked_.load()) return over_.store(true);  // in a child before its first record: there is no listener, and will be none
    life_.load()->listener->hurry();
  }
  life_.load()->lines->close();  // tells who waits for room
}

void publisher::state::stop_by(steady_time deadline) {
  while (!stop_step(deadline)) std::this_thread::sleep_for(1ms);
}

// Whoever waits for the end takes it, one at a time; so nobody waits for a listener that is not its own.
bool publisher::state::stop_step(steady_time deadline) {
  begin_stop();
  const std::lock_guard lock(mutex_);
  if (over_.load()) return true;
  publisher_life& life = *life_.load();
  const auto now = std::chrono::steady_clock::now();
  if (stage_ == stage::running) enter(stage::draining, deadline);
  if (stage_ == stage::draining) until_ = std::min(until_, deadline);  // an exit may have less time than a stop was given
  const bool done = life.listener->done();
  if (stage_ == stage::draining && !done && now >= may_drain_until()) {
    life.listener->abandon();
    enter(stage::farewell, now + farewell);
  }
  if (stage_ != stage::keeping && (done || (stage_ == stage::farewell && now >= until_))) {
    life.lines->leave();
    enter(stage::keeping, now + keeping);
  }
  if (stage_ != stage::keeping || (!life.lines->left() && now < until_)) return false;
  end();
  return true;
}

// What is safe on disk is not waited for once its output makes no progress.
steady_time publisher::state::may_drain_until() const {
  const publisher_life& life = *life_.load();
  const ledger account = life.lines->account();
  const bool all_safe = account.pending.lines > 0 && account.spooled == account.pending;
  return all_safe ? std::min(until_, deadline_in(life.stall_after, std::max(account.last_progress, began_))) : until_;
}

void publisher::state::enter(stage next, steady_time until) {
  stage_ = next;
  began_ = std::chrono::steady_clock::now();
  until_ = until;
}

void publisher::state::end() {
  publisher_life& life = *life_.load();
  let_go_ = !life.listener->done();
  at_end_ = report_now();
  life.listener.reset();  // joins a thread that has ended, or lets it go
  if (let_go_) {
    keep_for_ever(shared_from_this());  // what it uses outlasts us
    if (life.on_let_go) life.on_let_go();
  }
  over_.store(true);
  say_what_is_left(at_end_.account);
}

void publisher::state::say_what_is_left(const ledger& rest) {
  const auto left = rest.pending - rest.spooled;
  if (left.lines == 0) return;
  life_.load()->say.say(severity::warning, fmt::format("output '{}': {} {} ({}) not delivered when it was stopped{}", name_, left.lines,
                                                       left.lines == 1 ? "record" : "records", readable_size(left.bytes),
                                                       let_go_ ? "; it hangs, and is left to itself" : ""));
}

void publisher::state::lock_before_fork() {
  mutex_.lock();
  locked_ = life_.load()->lines;
  locked_->lock();
}

void publisher::state::unlock_after_fork() {
  auto held = std::exchange(locked_, {});
  held->unlock();
  mutex_.unlock();
}

// The listener is not here, and may have held any lock: nothing of it is ever touched again.
void publisher::state::in_child() {
  locked_->shut();
  static_cast<void>(owned_.release());
  forked_.store(true);
  over_.store(stopping_ || !listener_in_child_);
}

// In a child, at its first record: a queue and a listener of its own.
bool publisher::state::begin_again() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || !listener_in_child_) return false;
  if (!forked_.load()) return true;
  try {
    prepare();
    start();
    forked_.store(false);
    return true;
  } catch (const std::exception& e) {
    messages().say(severity::warning, fmt::format("output '{}': {}; no listener can be made in process {}", name_, e.what(), ::getpid()));
    listener_in_child_ = false;
    over_.store(true);  // records that have another way to go are not to wait for us
    return false;
  }
}

}  // namespace logrelay
