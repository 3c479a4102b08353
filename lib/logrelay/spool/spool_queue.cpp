#include <logrelay/spool/spool_queue.hpp>

#include <logrelay/core/notice.hpp>
#include <logrelay/error.hpp>
#include <logrelay/spool/transit.hpp>
#include <logrelay/util/quantity.hpp>
#include <logrelay/util/waiter.hpp>

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>

namespace logrelay {
namespace {

// What is written, or read, before the other is looked at again.
constexpr std::size_t turn_bytes = 1024 * 1024;
// A disk that said no is asked again after this long.
constexpr std::chrono::milliseconds pause{250};

}  // namespace

struct spool_queue::state {
  state(parts&& given, const block_pool& from, const time_source& time, const queue_events& tell)
      : my(std::move(given)), pool(from), clock(time), on_left(tell.on_left),
        transit(my.rules.memory, spills(), from, time, tell, [this] { alarm.notify(); }) {}

  void run();
  [[nodiscard]] bool spills() const { return my.rules.disk == spool_rules::begins::when_full; }

  const parts my;
  block_pool pool;
  const time_source& clock;
  const std::function<void()> on_left;
  wake alarm;
  spool_transit transit;
  std::unique_ptr<disk> folder;
  std::unique_ptr<spool> lines;
  std::atomic<bool> leaving{false}, left{false}, blocked{false}, wants_acks{false};

 private:
  bool write();
  bool pass_by();
  bool sync_batch();
  void hand_on(const spool::appended& done, bool caught_up);
  void hold_receipts(const spool::appended& done);
  void settle_held(std::uint64_t before);
  void forget_taken(std::size_t bytes);
  void drop_first();
  bool read();
  void settle(bool now);
  void sync_timed();
  void end_if_done();
  void sleep();
  void keep_rest();
  bool failed(std::string_view tried, int error_number);
  void worked();
  [[nodiscard]] bool may_write() const { return clock.now() >= write_again; }
  [[nodiscard]] bool may_read() const { return lines->unread() && clock.now() >= read_again && transit.has_room(turn_bytes / 4); }
  [[nodiscard]] bool safely() const { return my.rules.sync != spool_rules::safety::none; }

  // Lines that are written, and as their `sync` says not yet safe, for which somebody has a receipt.
  struct held_receipt {
    receipt_ref owed;
    std::uint64_t lines;
    std::uint64_t end;  // their place: how many lines are before it
  };

  std::vector<batch> taken;  // out of the inbox, and not yet written
  std::deque<held_receipt> held;
  const std::shared_ptr<const source> notices = notice_source();
  steady_time write_again{}, read_again{}, next_cursor{}, next_sync = steady_time::max();
  spool_place cursor;  // as it was written last
  bool failing = false, ended = false;
  wall_time last_read{};
};

void spool_queue::state::run() {
  cursor = lines->settled();
  while (!leaving.load()) {
    const bool wrote = write();
    const bool did_read = read();
    settle(false);
    sync_timed();
    if (!held.empty()) settle_held(transit.settled().lines);
    end_if_done();
    if (!wrote && !did_read) sleep();
  }
  keep_rest();
  left.store(true);
  on_left();
}

// One turn of lines out of the inbox, to the disk and beyond. False: there was nothing to do.
bool spool_queue::state::write() {
  if (!may_write()) return false;
  if (taken.empty()) transit.take_in(taken, turn_bytes);
  if (taken.empty()) {
    if (spills() && !lines->has_segments()) transit.disk_ends();
    return false;
  }
  if (spills() && !lines->has_segments()) {
    if (pass_by()) return true;
    const auto place = transit.behind_memory();
    lines->skip(place);
    cursor = place;
    transit.disk_begins(place);
  }
  const bool caught_up = !lines->unread() && transit.disk_is_read();
  const auto done = lines->append(taken);
  if (done.bytes > 0) {
    if (my.rules.sync == spool_rules::safety::batch && !sync_batch()) return true;
    if (next_sync == steady_time::max() && my.rules.sync == spool_rules::safety::timed) next_sync = clock.now() + my.rules.sync_every;
    hand_on(done, caught_up);
  }
  transit.disk_takes(lines->bytes());
  using stopped = spool::appended::stopped;
  switch (done.why) {
    case stopped::not_at_all: worked(); break;
    case stopped::too_large: drop_first(); break;
    case stopped::failed: return !failed("write", done.error_number);
    case stopped::full:
      blocked.store(true);
      settle(true);
      if (lines->settled().lines >= lines->end().lines && !lines->unread() && lines->give_back() == 0) return true;
      write_again = clock.now() + pause;
      break;
  }
  return true;
}

// A spill with nothing on disk: memory may have room again.
bool spool_queue::state::pass_by() {
  std::size_t bytes = 0;
  for (const auto& each : taken) bytes += each.size;
  if (!transit.has_room(bytes)) return false;
  transit.pass_on(taken, bytes);
  taken.clear();
  return true;
}

bool spool_queue::state::sync_batch() {
  const int error_number = lines->sync();
  if (error_number == 0) return true;
  lines->undo();
  failed("sync", error_number);
  return false;
}

// What is on disk now goes on from memory, if nothing before it has yet to be read, and the outbox has room.
void spool_queue::state::hand_on(const spool::appended& done, bool caught_up) {
  hold_receipts(done);
  if (caught_up && transit.has_room(done.bytes)) {
    lines->pass_over();
    transit.pass_on(taken, done.bytes);
  } else {
    transit.leave_on_disk(done.count, done.bytes, taken.front().time);
  }
  forget_taken(done.bytes);
}

// What is on disk needs no delivery any more to count for whoever sent it: a receipt is settled as the lines leave the
// inbox, or with the next sync where that is what makes them safe, or once they are delivered if that comes first.
void spool_queue::state::hold_receipts(const spool::appended& done) {
  std::uint64_t end = lines->end().lines - done.count.lines;
  std::size_t unseen = done.bytes;
  for (std::size_t i = 0; unseen > 0; ++i) {
    if (taken[i].size > unseen) {
      const batch written = split_front(taken[i], unseen);
      taken.insert(taken.begin() + static_cast<std::ptrdiff_t>(i), written);
    }
    batch& each = taken[i];
    unseen -= each.size;
    end += each.count.lines;
    const auto owed = std::exchange(each.owed, nullptr);
    if (!owed || my.rules.sync != spool_rules::safety::timed) continue;
    owed->expect(each.count.lines);
    held.push_back({owed, each.count.lines, end});
  }
}

void spool_queue::state::settle_held(std::uint64_t before) {
  for (; !held.empty() && held.front().end <= before; held.pop_front()) held.front().owed->settle(held.front().lines);
}

void spool_queue::state::forget_taken(std::size_t bytes) {
  auto first = taken.begin();
  for (; first != taken.end() && bytes >= first->size; ++first) bytes -= first->size;
  taken.erase(taken.begin(), first);
  if (bytes > 0) static_cast<void>(split_front(taken.front(), bytes));
}

// A line that is larger than the disk may ever be; a notice takes its place.
void spool_queue::state::drop_first() {
  const batch& front = taken.front();
  const auto size = line_end_from(front.bytes(), front.frames, 1);
  const tally line = front.marker ? tally{} : count_lines(front.bytes().substr(0, size), front.frames);
  if (my.rules.memory.gap_marker && line.lines > 0) {
    const batch notice = make_notice({line, drop_reason::too_large, front.time, front.time}, pool, clock.wall(), notices);
    const bool caught_up = !lines->unread() && transit.disk_is_read();
    if (lines->append({&notice, 1}).bytes == notice.size && caught_up) {
      lines->pass_over();
      transit.from_disk(notice);
    }
  }
  if (front.owed) front.owed->lose(line.lines);
  transit.too_large(line, size);
  forget_taken(size);
}

// One turn of lines that are on disk only, to the outbox.
bool spool_queue::state::read() {
  std::size_t bytes = 0;
  while (bytes < turn_bytes && may_read()) {
    auto next = lines->read();
    switch (next.what) {
      case spool::found::lines:
        bytes += next.lines.size;
        last_read = next.lines.time;
        transit.from_disk(next.lines);
        break;
      case spool::found::hole: {
        bytes += 1;
        transit.damaged(next.lost);
        const auto first = last_read == wall_time{} ? next.time : last_read;
        if (my.rules.memory.gap_marker)
          transit.from_disk(make_notice({next.lost, drop_reason::damaged, first, std::max(first, next.time)}, pool, clock.wall(), notices));
        my.say(severity::warning, fmt::format("output '{}': {} lines ({}) in its spool {} are damaged or missing", my.name, next.lost.lines,
                                              readable_size(next.lost.bytes), my.folder));
        break;
      }
      case spool::found::nothing: return bytes > 0;
      case spool::found::failed:
        failed("read", next.error_number);
        read_again = clock.now() + pause;
        return bytes > 0;
    }
  }
  return bytes > 0;
}

// The cursor follows what was delivered, after a moment, or `now`.
void spool_queue::state::settle(bool now) {
  const auto place = transit.settled();
  const auto at = clock.now();
  if (place.lines <= cursor.lines) {
    next_cursor = at + cursor_every;
    return;
  }
  if (!now && at < next_cursor && place.bytes - cursor.bytes < cursor_bytes) return;
  if (spills() && !lines->has_segments()) return;
  next_cursor = at + cursor_every;
  const auto before = lines->bytes();
  int error_number = lines->settle(place, safely());
  if (error_number == 0) error_number = lines->write_cursor(false);
  if (error_number == 0 && spills()) error_number = lines->give_back();
  if (error_number != 0) {
    failed("write", error_number);
    return;
  }
  cursor = place;
  if (lines->bytes() < before) write_again = {};  // there is room again
  transit.disk_takes(lines->bytes());
  if (spills() && !lines->has_segments() && taken.empty()) transit.disk_ends();
}

void spool_queue::state::sync_timed() {
  if (clock.now() < next_sync) return;
  next_sync = steady_time::max();
  int error_number = lines->sync();
  // After a failure nobody knows what is safe, nor would the next success tell.
  if (error_number != 0)
    for (const auto& each : held) each.owed->lose(each.lines);
  settle_held(lines->end().lines);
  if (error_number == 0) error_number = lines->write_cursor(true);
  if (error_number == 0) return;
  failed("sync", error_number);
  next_sync = clock.now() + my.rules.sync_every;
}

void spool_queue::state::end_if_done() {
  if (ended || !taken.empty() || !transit.inbox_finished() || lines->unread() || !transit.disk_is_read()) return;
  ended = true;
  transit.end();
}

void spool_queue::state::sleep() {
  alarm.prepare_sleep();
  // An ack matters if it makes room, or is the first that the cursor has to follow.
  const bool has_cursor = !spills() || lines->has_segments();
  wants_acks.store(has_cursor || blocked.load());
  const bool behind = has_cursor && transit.settled().lines > cursor.lines;
  if (behind && !lines->unread() && !blocked.load() && held.empty()) wants_acks.store(false);
  if (leaving.load() || may_read() || (may_write() && (!taken.empty() || transit.inbox_ready()))) return alarm.awake();
  auto until = next_sync;
  if (!may_write() && !taken.empty()) until = std::min(until, write_again);
  if (lines->unread() && clock.now() < read_again) until = std::min(until, read_again);
  if (behind) until = std::min(until, next_cursor);
  waiter wait(alarm);
  const auto now = clock.now();
  wait.wait(-1, 0, until == steady_time::max() ? until : std::chrono::steady_clock::now() + (std::max(until, now) - now));
  alarm.awake();
}

// At the end: what is in memory goes to disk too, and the cursor to where it belongs.
void spool_queue::state::keep_rest() {
  write_again = {};
  const auto stuck = [&] { return blocked.load() || failing; };
  blocked.store(false);
  failing = false;
  while (!stuck() && (!taken.empty() || transit.inbox_ready()) && write()) {}
  if (lines->unread() && transit.disk_is_read()) static_cast<void>(lines->read());  // it sees that there is no more
  settle(true);
  std::vector<batch> memory;
  transit.outbox().contents(memory);
  const auto place = transit.settled();
  // A spill that never came to its disk has its lines in memory, as has one whose disk began behind them.
  const auto first_on_disk = lines->has_segments() ? std::max(lines->settled().lines, place.lines) : transit.behind_memory().lines;
  if (spills() && first_on_disk > place.lines) {
    std::uint64_t before_disk = first_on_disk - place.lines;
    std::vector<batch> kept;
    for (auto& each : memory) {
      if (before_disk == 0) break;
      before_disk -= std::min<std::uint64_t>(before_disk, each.count.lines);
      kept.push_back(each);
    }
    if (!lines->has_segments()) lines->skip(place);
    if (!kept.empty()) {
      if (const int error_number = lines->prepend(kept, place)) {
        failed("write", error_number);
      } else {
        transit.disk_begins(place);
        transit.outbox().contents_are_safe();
      }
    }
  }
  if (const int error_number = lines->close(true))
    failed("write", error_number);
  else
    settle_held(lines->end().lines);
  transit.disk_takes(lines->bytes());
}

// One message when it begins to fail, one when it works again.
bool spool_queue::state::failed(std::string_view tried, int error_number) {
  write_again = clock.now() + pause;
  blocked.store(true);
  if (!std::exchange(failing, true))
    my.say(severity::warning, fmt::format("output '{}': unable to {} its spool {}: {}; {} wait in memory, trying again", my.name, tried,
                                          my.folder, error_text(error_number), readable_size(transit.account().queue_bytes)));
  return true;
}

void spool_queue::state::worked() {
  blocked.store(false);
  if (std::exchange(failing, false)) my.say(severity::notice, fmt::format("output '{}': its spool {} takes lines again", my.name, my.folder));
}

spool_queue::spool_queue(parts given, const block_pool& pool, const time_source& clock, queue_events events)
    : state_(std::make_shared<state>(std::move(given), pool, clock, events)) {}

spool_queue::~spool_queue() {
  if (!thread_.joinable()) return;
  leave();
  if (left())
    thread_.join();
  else
    thread_.detach();
}

void spool_queue::prepare() {
  auto& my = *state_;
  my.folder = my.my.open();
  auto limits = my.my.rules.limits;
  limits.syncs = my.my.rules.sync != spool_rules::safety::none;
  my.lines = std::make_unique<spool>(*my.folder, limits, my.pool, [&my](const std::string& why) {
    my.my.say(severity::warning, fmt::format("output '{}': spool {}: {}", my.my.name, my.my.folder, why));
  });
  my.lines->open();
  my.transit.found(my.lines->settled(), my.lines->end());
  my.transit.disk_takes(my.lines->bytes());
  thread_ = std::thread([state = state_] {
    ::pthread_setname_np(::pthread_self(), ("spool:" + state->my.name).substr(0, 15).c_str());
    state->run();
  });
}

void spool_queue::unprepare() noexcept {
  if (thread_.joinable()) {
    leave();
    thread_.join();
  }
  if (state_->folder) state_->my.unmake(*state_->folder);
}

void spool_queue::push(const batch& lines) { state_->transit.push(lines); }
room spool_queue::room_now() { return state_->transit.room_now(); }
void spool_queue::close() { state_->transit.close(); }
void spool_queue::take(std::vector<batch>& into, std::size_t most_bytes) { state_->transit.outbox().take(into, most_bytes); }

void spool_queue::ack(std::size_t bytes, const settled& what) {
  state_->transit.outbox().ack(bytes, what);
  if (state_->blocked.load()) state_->transit.progressed_behind();
  if (state_->wants_acks.load()) state_->alarm.notify();
}

void spool_queue::progressed() {
  state_->transit.outbox().progressed();
  if (state_->blocked.load()) state_->transit.progressed_behind();
}

void spool_queue::rewind() { state_->transit.outbox().rewind(); }
bool spool_queue::ready() const { return state_->transit.outbox().ready(); }
bool spool_queue::finished() const { return state_->transit.outbox().finished(); }

void spool_queue::leave() {
  state_->leaving.store(true);
  state_->alarm.signal();
}

bool spool_queue::left() const { return state_->left.load() || !thread_.joinable(); }
ledger spool_queue::account() const { return state_->transit.account(); }

}  // namespace logrelay
