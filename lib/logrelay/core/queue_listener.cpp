#include <logrelay/core/queue_listener.hpp>

#include <logrelay/core/trouble.hpp>
#include <logrelay/util/guarded.hpp>
#include <logrelay/util/quantity.hpp>
#include <logrelay/util/thrown.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

namespace logrelay {
namespace {

// Lines are taken when less than this is waiting to be written: enough for the next write, and little that an
// overflow could not drop any more.
constexpr std::size_t take_bytes = 1024 * 1024;
// Of bytes that are built, less: so much is still in the processor's nearest cache when it is written.
constexpr std::size_t build_bytes = 256 * 1024;
// The first look at what the other side has taken.
constexpr std::chrono::milliseconds first_look{1};
// A full disk or a FIFO without a reader: trying again costs next to nothing, and lines go on within a second of space
// coming back. Nor does it matter at the end.
constexpr std::chrono::milliseconds longest_local_pause{500};
// Only an output that has been open for this long, and has taken something, has recovered. A peer that takes a little and
// goes, for ever, is one failure and one message.
constexpr std::chrono::milliseconds steady_after{1000};
// A line that there is no memory to encode is tried so often, and then rejected: it would keep back all that come behind it,
// for ever where it is larger than what the process may have.
constexpr int most_encodings = 3;

// What an output of a program's own throws is a reason to try again: it must not end the program, nor this thread.
template <typename Act>
auto guarded_call(const Act& act) -> decltype(act()) {
  decltype(act()) thrown{};
  thrown.what = outcome::retry;
  try {
    return act();
  } catch (const std::exception& e) {
    thrown.why = fmt::format("the output threw: {}", e.what());
  } catch (...) {
    thrown.why = "the output threw something that is no std::exception";
  }
  return thrown;
}

}  // namespace

struct queue_listener::state {
  explicit state(listener_parts&& given)
      : parts(std::move(given)), keeps_place(parts.to->keeps_place()),
        window(parts.to->datagrams(), {parts.to->resend_bytes(), parts.encoder->frames().value_or(framing::newline)}),
        failing(parts.name, parts.say) {
    parts.to->set_speaker([say = parts.say, name = parts.name](severity how, std::string_view text) {
      say(how, fmt::format("output '{}': {}", name, text));
    });
  }

  void run();

  listener_parts parts;
  const bool keeps_place;
  std::shared_ptr<queue> from;
  wake& alarm = *parts.alarm;
  waiter wait{alarm};
  std::atomic<bool> reopen_asked{false}, rotate_asked{false}, last_chance{false}, retiring{false}, says_goodbye{false}, done{false};
  guarded<listener_report> report;
  wire_window window;
  bool lost = false;  // the connection was, and what it had taken may be too
  kept_lines owed;    // to who comes instead

 private:
  bool go_on();
  bool keep_open();
  result fill();
  result cannot_encode(const batch& lines, const std::exception& why);
  bool write();
  void look();
  void requests();
  void tell(const result& how);
  void note_rotations();
  bool finish();
  void drain_to_nobody();
  void sleep();
  void failed(const result& how);
  void pause(const result& how);
  void rest();
  void end(const std::string& why);
  void forget();
  void leave();
  void forget_what_is_read();
  [[nodiscard]] bool is_in_doubt() const;
  [[nodiscard]] bool nothing_left() const;
  [[nodiscard]] bool may_retire() const;

  std::vector<batch> taken;
  std::size_t next_taken = 0;
  bool line_by_line = false;  // something in the batch could not be encoded
  int encodings = 0;          // of the line that comes next, in vain
  trouble failing;
  bool open = false;
  bool resting = false;    // closed on purpose, until there is a line
  bool ended = false;
  bool full = false;       // the last write took less than it was given
  steady_time open_since{};
  std::uint64_t unacked = 0;
  std::uint64_t acked = 0;  // of what the window has written
  bool moved = false;       // something was acked since the last open
  bool finishing = false;   // all is acked, but the output is not done with it
  bool sure = false;        // … it is, and says no more
  std::uint64_t rotations = 0;
  steady_time::duration look_again = first_look;
};

void queue_listener::state::run() {
  for (bool more = true; more && !wait.stopping();) {
    try {
      more = go_on();
    } catch (const std::exception& e) {  // it is this output's failure, as what its kind throws is, and nobody else's
      failed({outcome::retry, reason_of(e)});
    }
  }
  if (open) look();
  if (auto missing = open ? parts.to->unanswered() : std::string(); !missing.empty())
    report.with([&](auto& r) { r.last_error = std::move(missing); });
  if (failing && open && moved) failing.recovered();
  parts.to->close(window.torn_bytes());
  leave();
  done.store(true);
  parts.on_done();
}

// One turn. False: it was the last.
bool queue_listener::state::go_on() {
  if (may_retire()) {
    if (open) static_cast<void>(finish());
    return false;
  }
  if (ended) {
    drain_to_nobody();
    if (from->finished()) return false;
    sleep();
    return true;
  }
  if (resting && !from->ready() && !(from->finished() && is_in_doubt())) {
    if (from->finished()) return false;
    sleep();
    return true;
  }
  resting = false;
  if (!keep_open()) return !nothing_left();
  requests();
  const result filled = fill();
  if (window.unwritten_bytes() > 0 && !write()) return true;
  look();
  if (filled.what != outcome::done) {
    pause(filled);
    return true;
  }
  if (from->finished() && window.empty()) return !finish();
  sleep();
  return true;
}

// What the other side may not have read goes to who comes next, or is told.
void queue_listener::state::leave() {
  const bool goes_on = retiring.load();
  if (!goes_on && !is_in_doubt()) return;
  if (goes_on) {
    forget_what_is_read();
    window.clear();
  }
  report.with([&](auto& r) { r.in_doubt_bytes = window.kept_bytes(); });
  if (goes_on) owed = window.take_kept();
}

// The other side has said goodbye: it has read what was written, but not what was still to be sent again.
void queue_listener::state::forget_what_is_read() {
  if (sure) static_cast<void>(window.take_kept());
}

// Opens the output if it is not open. False: it could not be, and some time was waited.
bool queue_listener::state::keep_open() {
  if (open) return true;
  // This is one; of its files it may have more to say than why it is not open.
  if (reopen_asked.exchange(false) && !keeps_place) tell(guarded_call([&] { return parts.to->reopen(); }));
  const result how = guarded_call([&] { return parts.to->open(wait); });
  if (wait.stopping()) return false;
  if (how.what == outcome::end) {
    end(how.why);
    return false;
  }
  if (how.what != outcome::done) {
    failed(how);
    return false;
  }
  open = true;
  full = moved = sure = false;
  open_since = std::chrono::steady_clock::now();
  if (std::exchange(lost, false)) window.send_again();
  return true;
}

// The other side has all of every line that it has a part of: whoever goes on begins with the first that is not acked.
bool queue_listener::state::may_retire() const { return retiring.load() && window.torn_bytes() == 0 && acked == window.written_bytes(); }

// The connection that lines were delivered by was lost, and another one does not have them yet.
bool queue_listener::state::is_in_doubt() const { return (lost && window.kept_bytes() > 0) || acked < window.again_bytes(); }

// An output that cannot be opened has nobody waiting for it when there is nothing to bring.
bool queue_listener::state::nothing_left() const { return !open && !ended && !finishing && !is_in_doubt() && from->finished(); }

// Takes what waits and encodes it, until there is enough to write; or to settle, where the filters let little through.
result queue_listener::state::fill() {
  if (retiring.load()) return {};
  std::size_t enough = take_bytes;
  for (std::size_t encoded = 0; encoded < take_bytes && window.unwritten_bytes() < enough;) {
    if (next_taken == taken.size()) {
      taken.clear();
      next_taken = 0;
      from->take(taken, take_bytes - window.unwritten_bytes());
      if (taken.empty()) return {};
    }
    batch rest = taken[next_taken], lines;
    if (line_by_line) lines = split_front(rest, line_end_from(rest.bytes(), rest.frames, 1));
    batch& next = line_by_line ? lines : rest;
    try {
      auto chunk = parts.encoder->encode(next, window.spare());
      encoded += chunk.lines.size;
      if (chunk.built) enough = build_bytes;
      window.add(std::move(chunk));
    } catch (const std::exception& e) {  // and nothing has changed
      if (!std::exchange(line_by_line, true)) continue;  // those before the culprit go their way
      if (auto how = cannot_encode(lines, e); how.what != outcome::done) return how;
    }
    taken[next_taken] = std::move(rest);
    if (std::exchange(encodings, 0) > 0) line_by_line = false;
    if (taken[next_taken].size == 0) ++next_taken, line_by_line = false;
  }
  return {};
}

// The line that comes next is too much for now; or for good, and leaves the queue once all before it have. Done: it has.
result queue_listener::state::cannot_encode(const batch& line, const std::exception& why) {
  const auto reason = fmt::format("unable to encode a line of {}: {}", readable_size(line.size), reason_of(why));
  if (++encodings < most_encodings || !window.empty()) return {outcome::retry, reason};
  parts.say(severity::warning, fmt::format("output '{}': {}; it is rejected after {} tries", parts.name, reason, encodings));
  report.with([&](auto& r) { r.last_error = reason; });
  if (line.owed) line.owed->lose(1);
  from->ack(line.size, {{}, {}, line.marker ? tally{} : line.count});
  return {};
}

// Writes what the output takes now. False: the output failed.
bool queue_listener::state::write() {
  const outgoing& lines = window.next();
  const std::size_t given = parts.to->datagrams() ? lines.pieces().size() : lines.bytes();
  auto how = guarded_call([&] { return parts.to->write(lines); });
  window.wrote(how.taken);
  note_rotations();
  full = how.taken < given && parts.to->writable().descriptor >= 0;
  switch (how.what) {
    case outcome::done: return true;
    case outcome::reject:
      window.reject_next();
      report.with([&](auto& r) { r.last_error = how.why; });
      return true;
    case outcome::rest: look(); rest(); return false;
    case outcome::end: look(); end(how.why); return false;
    case outcome::retry: look(); failed({how.what, std::move(how.why)}); return false;
  }
  return true;
}

// Sees what the other side has taken and settles it with the queue. What it has taken it cannot give back, even if it
// says so: others may write to the same FIFO.
void queue_listener::state::look() {
  const std::uint64_t written = window.written_bytes();
  while (auto one = parts.to->refused()) {
    window.reject_written(one->end);
    report.with([&](auto& r) { r.last_error = std::move(one->why); });
  }
  unacked = std::min(parts.to->unacked(), written);
  if (written - unacked > acked) {
    acked = written - unacked;
    look_again = first_look;
    moved = true;
    if (acked > window.again_bytes()) from->progressed();  // to send the same once more is none
  }
  window.settle(acked, *from);
  if (failing && open && moved && std::chrono::steady_clock::now() - open_since >= steady_after) failing.recovered();
}

// What HUP and ALRM asked for, between two lines.
void queue_listener::state::requests() {
  if (!reopen_asked.load() && !rotate_asked.load()) return;
  if (window.torn_bytes() > 0) return;
  if (reopen_asked.exchange(false)) tell(guarded_call([&] { return parts.to->reopen(); }));
  if (rotate_asked.exchange(false)) tell(guarded_call([&] { return parts.to->rotate(); }));
  note_rotations();
}

void queue_listener::state::tell(const result& how) {
  if (how.what != outcome::done) parts.say(severity::warning, fmt::format("output '{}': {}", parts.name, how.why));
}

void queue_listener::state::note_rotations() {
  const auto now = parts.to->rotations();
  if (now == rotations) return;
  rotations = now;
  report.with([&](auto& r) { r.rotations = now; });
}

bool queue_listener::state::finish() {
  says_goodbye.store(window.kept_bytes() > 0);
  const result how = guarded_call([&] { return parts.to->finish(wait); });
  says_goodbye.store(false);
  finishing = how.what == outcome::retry;
  if (finishing) {
    failed(how);
    return false;
  }
  sure = how.why.empty();
  if (!sure) parts.say(severity::warning, fmt::format("output '{}': {}", parts.name, how.why));
  return true;
}

// A closed stdout: what would still go there was not wanted.
void queue_listener::state::drain_to_nobody() {
  for (;;) {
    taken.clear();
    from->take(taken, take_bytes);
    if (taken.empty()) return;
    for (const auto& each : taken) from->ack(each.size, {{}, each.marker ? tally{} : each.count, {}});
  }
}

// Until there are lines, or the queue wants to be looked at, the output takes more, the other side has taken something, or
// somebody asks for something.
void queue_listener::state::sleep() {
  const bool behind = window.unwritten_bytes() > 0;
  if (behind && !full) return;
  if (!behind) {
    alarm.prepare_sleep();
    if (may_retire()) return alarm.awake();
    if (!retiring.load() && (next_taken < taken.size() || from->ready() || (from->finished() && window.empty()))) return alarm.awake();
  }
  auto deadline = behind || retiring.load() ? steady_time::max() : from->look_again();
  if (const auto look_at = std::chrono::steady_clock::now() + look_again; open && unacked > 0 && look_at < deadline) {
    deadline = look_at;
    look_again = std::min<steady_time::duration>(look_again * 2, std::max<steady_time::duration>(parts.stall_after / 8, first_look));
  }
  if (failing && moved) deadline = std::min<steady_time>(deadline, open_since + steady_after);
  const interest what = !open ? interest{} : behind ? parts.to->writable() : parts.to->idle();
  const auto event = wait.wait(what.descriptor, what.events, std::min(deadline, what.until));
  if (!behind) alarm.awake();
  if (behind || !open) return;
  const bool due = what.until != steady_time::max() && std::chrono::steady_clock::now() >= what.until;
  if (event != waiter::event::ready && !due) return;
  const auto how = guarded_call([&] { return parts.to->idle_event(); });
  note_rotations();
  if (how.what == outcome::done) return;
  look();
  if (how.what == outcome::rest) return rest();
  how.what == outcome::end ? end(how.why) : failed(how);
}

// Nothing is wrong: it is closed, and opened again for the next line. Where lines are to be sent again with the next
// connection unless they were read, the other side has its say first.
void queue_listener::state::rest() {
  if (window.kept_bytes() > 0) {
    if (!finish()) return;
    forget_what_is_read();
  }
  resting = acked >= window.again_bytes();  // else the next connection has those to begin with
  parts.to->close(window.torn_bytes());
  open = full = false;
  unacked = 0;
  forget();
  lost = window.kept_bytes() > 0;
}

// Waits for longer each time, unless there is a reason to try at once.
void queue_listener::state::failed(const result& how) {
  lost |= open && !keeps_place;
  open = false;
  unacked = 0;
  if (!keeps_place) {
    parts.to->close(window.torn_bytes());
    forget();
  }
  pause(how);
}

// It is open, and nothing is wrong with the other side, or it has been closed.
void queue_listener::state::pause(const result& how) {
  const auto longest = keeps_place ? longest_local_pause : backoff::longest;
  const auto delay = failing.failed(how.why, from->account().pending.bytes, longest);
  report.with([&](auto& r) { ++r.retries, r.last_error = how.why; });
  moved = false;
  open_since = std::chrono::steady_clock::now();
  const auto began = std::chrono::steady_clock::now();
  const auto until = [&] { return began + (last_chance.load() ? std::min(delay, longest_local_pause) : delay); };
  while (!wait.stopping() && !reopen_asked.load() && !may_retire() && !nothing_left() && wait.wait(-1, 0, until()) == waiter::event::woken) {}
}

void queue_listener::state::end(const std::string& why) {
  ended = true;
  open = full = false;
  failing.end();
  unacked = 0;
  forget();
  report.with([&](auto& r) { r.ended = true, r.last_error = why; });
  parts.on_done();
}

// What was taken and is not acked will be taken again.
void queue_listener::state::forget() {
  window.clear();
  taken.clear();
  next_taken = 0;
  line_by_line = false;
  encodings = 0;
  acked = 0;
  from->rewind();
}

queue_listener::queue_listener(listener_parts parts) : state_(std::make_shared<state>(std::move(parts))) {}

queue_listener::~queue_listener() {
  if (!thread_.joinable()) return;
  if (done())
    thread_.join();
  else
    thread_.detach();
}

std::function<void()> queue_listener::on_lines() const {
  return [alarm = state_->parts.alarm] { alarm->notify(); };
}

output& queue_listener::to() { return *state_->parts.to; }

bool queue_listener::owe(const kept_lines& lines) { return state_->lost = state_->window.keep(lines); }

kept_lines queue_listener::take_owed() { return std::move(state_->owed); }

void queue_listener::start(std::shared_ptr<queue> from) {
  state_->from = std::move(from);
  thread_ = std::thread([state = state_] {
    ::pthread_setname_np(::pthread_self(), ("out:" + state->parts.name).substr(0, 15).c_str());
    state->run();
  });
}

void queue_listener::reopen() {
  state_->reopen_asked.store(true);
  state_->alarm.signal();
}

void queue_listener::rotate() {
  state_->rotate_asked.store(true);
  state_->alarm.signal();
}

void queue_listener::hurry() {
  state_->last_chance.store(true);
  state_->alarm.signal();
}

void queue_listener::retire() {
  state_->retiring.store(true);
  state_->alarm.signal();
}

bool queue_listener::says_goodbye() const { return state_->says_goodbye.load(); }

bool queue_listener::keeps_place() const { return state_->keeps_place; }

void queue_listener::abandon() { state_->wait.stop(); }

bool queue_listener::done() const { return state_->done.load(); }

listener_report queue_listener::report() const {
  return state_->report.with([](const auto& r) { return r; });
}

}  // namespace logrelay
