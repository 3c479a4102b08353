#include <logrelay/input/tail/follower.hpp>

#include <logrelay/error.hpp>
#include <logrelay/input/tail/checkpoint_notes.hpp>
#include <logrelay/input/tail/followed_files.hpp>
#include <logrelay/util/thrown.hpp>
#include <logrelay/util/waiter.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <mutex>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// There is nobody to be fair to on this thread but the other files.
constexpr std::size_t read_bytes = 128 * 1024;
// Of one file, before the others have their turn.
constexpr int turns = 16;
// What inotify does not tell of (a network file system), and what could not be opened.
constexpr auto look_again = 10s;
// … where the kernel grants no watch.
constexpr auto look_often = 1s;
constexpr auto hangs_after = 2s;

}  // namespace

struct follower::state {
  state(reader& given, input& input, tail_rules&& how, watches&& watching, std::unique_ptr<checkpoint_file>&& file, std::unique_ptr<left_files>&& before,
        std::function<void()>&& end)
      : at(given), of(input), rules(std::move(how)), on_end(std::move(end)), framing(of.rules()),
        origin(*of.source_for({})), sink(at.handler()), counters(of.counters), say_to(at.say()), name(of.name()), clock(at.clock()),
        notes(std::move(file), [this](severity how_bad, const std::string& text) { say(how_bad, text); }),
        files(rules, std::move(watching), notes.file().found(), notes.file().is_new(), notes.file().looked(),
              [this](fd opened, file_position from) { return make(std::move(opened), std::move(from)); },
              [this](severity how_bad, const std::string& text) { say(how_bad, text); }) {
    if (before)
      files.take_over(std::move(*before));
    else if (notes.file().damaged())
      say(severity::error, fmt::format("the checkpoint {} is damaged: files are read from their beginning", notes.file().path()));
  }

  void run();
  void silence();
  [[nodiscard]] legacy hand_over() { return {std::make_unique<left_files>(files.hand_over()), notes.take()}; }

  const std::shared_ptr<wake> alarm = std::make_shared<wake>();  // outlives us with what is not settled
  waiter wait{*alarm};
  std::atomic<bool> abandoned{false}, leaving{false}, left{false}, keeps_open{false};
  std::promise<void> over;
  std::mutex leave_mutex;
  std::function<void()> on_left;

 private:
  [[nodiscard]] std::unique_ptr<tailed_file> make(fd opened, file_position from);
  void read_on();
  void look();
  [[nodiscard]] bool read_all(bool waiting);
  enum class progress { nothing, some, no_room, over };
  [[nodiscard]] progress read_file(tailed_file& file, bool waiting);
  [[nodiscard]] progress read_turn(tailed_file& file, std::size_t room);
  [[nodiscard]] std::size_t room_for_reading(bool waiting);
  void let_linger();
  void end();
  void note_the_rest();
  void say(severity how, const std::string& text);

  // Of the owner: not to be touched without the lock, nor once it wants silence. So are `sink` and `counters`.
  reader& at;
  input& of;
  std::mutex mutex;
  bool silent = false;

  const tail_rules rules;
  const std::function<void()> on_end;
  const framing_rules framing;
  const source origin;
  batch_sink& sink;
  input_counters& counters;
  messages& say_to;  // lasts until the program ends, as does the clock
  const std::string name;
  const time_source& clock;
  block_pool pool;
  read_memory memory{pool};
  checkpoint_notes notes;
  followed_files files;

  bool searching = true;  // folders
  steady_time search_next{}, linger_next = steady_time::max();
};

follower::follower(reader& at, input& of, tail_rules rules, watches watching, std::unique_ptr<checkpoint_file> checkpoint,
                   std::unique_ptr<left_files> before, std::function<void()> on_end)
    : state_(std::make_shared<state>(at, of, std::move(rules), std::move(watching), std::move(checkpoint), std::move(before), std::move(on_end))) {
  at.handler().add_waiter(*state_->alarm);
  try {
    thread_ = std::thread([state = state_] {
      state->run();
      state->over.set_value();
    });
  } catch (...) {
    state_->silence();
    throw;
  }
}

follower::~follower() {
  let_go();
  thread_.detach();
}

void follower::abandon() {
  let_go();
  state_->over.get_future().wait_for(hangs_after);
}

void follower::let_go() {
  state_->abandoned.store(true);
  stop();
  silence();
}

void follower::keep_open() { state_->keeps_open.store(true); }
void follower::stop() { state_->wait.stop(); }
void follower::silence() { state_->silence(); }

void follower::leave(std::function<void()> on_left) {
  {
    const std::lock_guard lock(state_->leave_mutex);
    state_->on_left = std::move(on_left);
  }
  state_->leaving.store(true);
  state_->alarm->signal();
}

bool follower::left() const { return state_->left.load(); }
follower::legacy follower::hand_over() { return state_->hand_over(); }

void follower::state::run() {
  ::pthread_setname_np(::pthread_self(), "in:tail");
  try {
    look();
    if (files.all().empty()) say(severity::notice, "no file is there yet");
    while (!wait.stopping()) read_on();
    look();
    static_cast<void>(read_all(false));  // what is there, once
  } catch (const std::exception& e) {
    const std::lock_guard lock(mutex);
    if (!silent) {
      of.failed.store(true);
      say(severity::error, "unable to read on: " + reason_of(e));
    }
  }
  end();
  note_the_rest();
}

std::unique_ptr<tailed_file> follower::state::make(fd opened, file_position from) {
  source whose = origin;
  whose.stream = from.path;
  return std::make_unique<tailed_file>(std::move(opened), std::move(from),
                                       tailed_file::surroundings{memory, framing, std::make_shared<const source>(std::move(whose)), sink,
                                                                 counters, [to = alarm] { to->signal(); }});
}

// One turn of the loop: what has happened, what there is to read, and a wait for more.
void follower::state::read_on() {
  look();
  const bool more = read_all(true);
  let_linger();
  notes.keep_up(files);
  if (more || wait.stopping()) return;
  wait.wait(files.watching().descriptor(), POLLIN, std::min({search_next, linger_next, notes.next()}));
}

void follower::state::look() {
  const auto events = files.watching().take();
  const auto now = clock.now();
  for (const auto& each : files.all())
    if (events.everything || std::find(events.files.begin(), events.files.end(), each->watch) != events.files.end()) each->drained = false;
  if (!events.folders && !searching && now < search_next) return;
  if (now >= search_next)
    for (const auto& each : files.all()) each->drained = false;
  searching = false;
  files.search(now);
  notes.change();
  search_next = now + (files.watching().complete() ? look_again : look_often);
}

// Whether there may be more at once.
bool follower::state::read_all(bool waiting) {
  bool more = false;
  for (std::size_t i = 0; i < files.all().size(); ++i) {
    auto& file = *files.all()[i];
    if (!file.is_open() || file.drained || files.has_to_wait(file)) continue;
    const auto came = read_file(file, waiting);
    if (came == progress::over || came == progress::no_room) return false;
    more = true;
  }
  return more;
}

follower::state::progress follower::state::read_file(tailed_file& file, bool waiting) {
  for (int turn = 0; turn < turns; ++turn) {
    switch (file.look()) {
      case tailed_file::state::truncated: files.begin_anew(file); break;
      case tailed_file::state::failed: return file.drained = true, progress::nothing;
      case tailed_file::state::as_known: break;
    }
    const auto room = room_for_reading(waiting);
    if (room == 0) return wait.stopping() && waiting ? progress::over : progress::no_room;
    const auto came = read_turn(file, room);
    if (came != progress::some) return came;
  }
  return progress::some;
}

// What was read is only taken if the file is still what it was: it may have been truncated in between.
follower::state::progress follower::state::read_turn(tailed_file& file, std::size_t room) {
  std::span<char> space;
  {
    const std::lock_guard lock(mutex);
    if (silent) return progress::over;
    space = file.framer().space(std::min(room, read_bytes));
  }
  const ssize_t got = file.read_some(space);
  const int error_number = errno;
  if (got > 0 && file.look() != tailed_file::state::as_known) return progress::some;
  if (got == 0 && file.leave_copy()) return progress::some;
  if (got < 0 && error_number != EINTR && error_number != EAGAIN)
    say(severity::error, fmt::format("unable to read {}: {}; tries again when something changes", file.path, error_text(error_number)));
  if (got <= 0) return file.drained = true, progress::nothing;
  const std::lock_guard lock(mutex);
  if (silent) return progress::over;
  file.took({space.data(), static_cast<std::size_t>(got)}, clock.wall());
  file.last_growth = clock.now();
  notes.change();
  return progress::some;
}

// 0: asked to stop, or not to wait.
std::size_t follower::state::room_for_reading(bool waiting) {
  for (bool held = false;;) {
    steady_time until;
    {
      const std::lock_guard lock(mutex);
      if (silent) return 0;
      auto answer = at.handler().room_for(of.index());
      if (answer.how_much.bytes == 0 && waiting) {
        alarm->prepare_sleep();
        answer = at.handler().room_for(of.index());  // room may have come before we said that we sleep
      }
      if (answer.how_much.bytes > 0) {
        if (held) of.held.release(clock.now());
        return answer.how_much.bytes;
      }
      if (!waiting) return 0;
      held = true;
      of.held.hold(answer.held_by, clock.now());
      until = answer.how_much.until;
    }
    if (wait.stopping()) return 0;
    // What outputs settle meanwhile is noted too, or a queue that is full for long would make much come twice.
    notes.keep_up(files);
    wait.wait(-1, 0, std::min(until, notes.next()));
  }
}

// Of files that no path leads to any more, those that have been quiet for long enough are done; where many are open, the
// oldest do not get as long.
void follower::state::let_linger() {
  const auto now = clock.now();
  linger_next = steady_time::max();
  auto open = static_cast<std::size_t>(std::count_if(files.all().begin(), files.all().end(), [](const auto& each) { return each->is_open(); }));
  for (const auto& each : files.all()) {
    if (!each->is_open() || !each->rotated) continue;
    const auto until = each->last_growth + rules.linger;
    const bool crowded = open > rules.most_files / 2;
    if (!each->drained || (now < until && !crowded)) {
      linger_next = std::min(linger_next, until);
      continue;
    }
    const std::lock_guard lock(mutex);
    if (silent) return;
    files.watching().remove_file(each->watch);
    each->finish(clock.wall());
    --open;
    notes.change();
  }
}

// A line that a file has been read to the middle of is left in it for the next start; what no path leads to is at its end.
void follower::state::end() {
  const std::lock_guard lock(mutex);
  if (silent) return;
  for (const auto& each : files.all())
    if (each->is_open() && each->rotated && each->drained && !keeps_open.load()) each->finish(clock.wall());
  silent = true;
  at.handler().remove_waiter(*alarm);
  on_end();
}

void follower::state::silence() {
  const std::lock_guard lock(mutex);
  if (silent) return;
  silent = true;
  at.handler().remove_waiter(*alarm);
}

void follower::state::note_the_rest() {
  while (!leaving.load() && !abandoned.load()) {
    notes.keep_up(files);
    wait.wait(-1, 0, notes.next());
  }
  if (abandoned.load()) return;
  notes.write(files);
  left.store(true);
  const std::lock_guard lock(leave_mutex);
  if (on_left) on_left();
}

void follower::state::say(severity how, const std::string& text) { say_to.say(how, fmt::format("input '{}': {}", name, text)); }

}  // namespace logrelay
