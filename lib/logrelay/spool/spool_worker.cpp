#include <logrelay/spool/spool_worker.hpp>

#include <logrelay/core/notice.hpp>
#include <logrelay/error.hpp>
#include <logrelay/util/quantity.hpp>
#include <logrelay/util/waiter.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace logrelay {
namespace {

// What is read before there is a look at what is to be written.
constexpr std::size_t turn_bytes = 1024 * 1024;
// A disk that said no is asked again after this long.
constexpr std::chrono::milliseconds pause{250};

bool is_full(int error_number) { return error_number == ENOSPC || error_number == EDQUOT; }

}  // namespace

spool_worker::spool_worker(spool_parts&& given, const block_pool& pool, const time_source& clock, const queue_events& events)
    : my_(std::move(given)),
      pool_(pool),
      clock_(clock),
      on_left_(events.on_left),
      transit_(my_.rules.memory, spills(), pool, clock, events, [this] { alarm_.notify(); }),
      notices_(notice_source()) {}

void spool_worker::prepare() {
  lines_.reset();
  folder_.reset();  // of a try that failed: it would keep the next one out
  folder_ = my_.open();
  auto limits = my_.rules.limits;
  limits.syncs = safely();
  lines_ = std::make_unique<spool>(*folder_, limits, pool_, [this](const std::string& why) {
    my_.say(severity::warning, fmt::format("output '{}': spool {}: {}", my_.name, my_.folder, why));
  });
  lines_->open();
  transit_.found(lines_->settled(), lines_->end());
  transit_.disk_takes(lines_->bytes());
}

void spool_worker::unprepare() noexcept {
  if (folder_) my_.unmake(*folder_);
}

void spool_worker::taken_out() {
  if (watches_outbox_.load()) alarm_.notify();
}

void spool_worker::acked() {
  moved();
  if (watches_outbox_.load()) alarm_.notify();
}

void spool_worker::moved() {
  if (blocked_.load()) transit_.progressed_behind();
}

void spool_worker::leave() {
  leaving_.store(true);
  alarm_.signal();
}

void spool_worker::run() {
  cursor_ = lines_->settled();
  while (!leaving_.load()) {
    const bool wrote = write();
    const bool did_read = read();
    settle(false);
    sync_timed();
    end_if_done();
    if (!wrote && !did_read) sleep();
  }
  keep_rest();
  my_.release(*folder_);
  left_.store(true);
  on_left_();
}

// One turn of lines out of the inbox, to the disk and beyond. False: there was nothing to do.
bool spool_worker::write() {
  if (!may_write()) return false;
  if (taken_.empty()) transit_.take_in(taken_, my_.rules.memory.pace_bytes);
  if (taken_.empty()) {
    if (spills() && !lines_->has_segments()) transit_.disk_ends();
    return false;
  }
  if (spills() && !lines_->has_segments()) {
    if (pass_by()) return true;
    const auto place = transit_.behind_memory();
    lines_->skip(place);
    cursor_ = place;
    transit_.disk_begins(place);
  }
  const bool caught_up = !lines_->unread() && transit_.disk_is_read();
  const auto done = lines_->append(taken_);
  if (done.bytes > 0) {
    if (my_.rules.sync == spool_rules::safety::batch && !sync_batch()) return true;
    if (next_sync_ == steady_time::max() && my_.rules.sync == spool_rules::safety::timed) next_sync_ = clock_.now() + my_.rules.sync_every;
    hand_on(done, caught_up);
  }
  transit_.disk_takes(lines_->bytes());
  using stopped = spool::appended::stopped;
  switch (done.why) {
    case stopped::not_at_all: worked(); break;
    case stopped::too_large: drop_first(); break;
    case stopped::failed:
      if (is_full(done.error_number) && make_room()) break;
      return !failed("write", done.error_number);
    case stopped::full:
      if (make_room()) break;
      blocked_.store(true);
      write_again_ = clock_.now() + pause;
      break;
  }
  return true;
}

// What is settled is given back at once, the last segment too, so that a disk without room has some again. False: it has not.
bool spool_worker::make_room() {
  const auto before = lines_->bytes();
  settle(true);
  if (const int error_number = lines_->give_back()) failed("write", error_number);
  if (lines_->bytes() >= before) return false;
  write_again_ = {};
  transit_.disk_takes(lines_->bytes());
  return true;
}

// A spill with nothing on disk: memory may have room again.
bool spool_worker::pass_by() {
  std::size_t bytes = 0;
  for (const auto& each : taken_) bytes += each.size;
  if (!transit_.has_room(bytes, taken_.size())) return false;
  transit_.pass_on(taken_, bytes);
  taken_.clear();
  return true;
}

bool spool_worker::sync_batch() {
  const int error_number = lines_->sync();
  if (error_number == 0) return true;
  lines_->undo();
  failed("sync", error_number);
  return false;
}

// What is on disk now goes on from memory, if nothing before it has yet to be read, and the outbox has room.
void spool_worker::hand_on(const spool::appended& done, bool caught_up) {
  const bool passes = caught_up && transit_.has_room(done.bytes, taken_.size());
  const bool timed = my_.rules.sync == spool_rules::safety::timed;
  if (!timed || !passes) receipts_.take_from(taken_, done.bytes, lines_->end().lines - done.count.lines, timed);
  if (passes) {
    lines_->pass_over();
    transit_.pass_on(taken_, done.bytes);
  } else {
    transit_.leave_on_disk(done.count, done.bytes, taken_.front().time);
  }
  forget_taken(done.bytes);
}

void spool_worker::forget_taken(std::size_t bytes) {
  auto first = taken_.begin();
  for (; first != taken_.end() && bytes >= first->size; ++first) bytes -= first->size;
  taken_.erase(taken_.begin(), first);
  if (bytes > 0) static_cast<void>(split_front(taken_.front(), bytes));
}

// A line that is larger than the disk may ever be; a notice takes its place.
void spool_worker::drop_first() {
  const batch& front = taken_.front();
  const auto size = line_end_from(front.bytes(), front.frames, 1);
  const tally line = front.marker ? tally{} : count_lines(front.bytes().substr(0, size), front.frames);
  if (my_.rules.memory.gap_marker && line.lines > 0) {
    const batch notice = make_notice({line, drop_reason::too_large, front.time, front.time}, pool_, clock_.wall(), notices_);
    const bool caught_up = !lines_->unread() && transit_.disk_is_read();
    if (lines_->append({&notice, 1}).bytes == notice.size && caught_up) {
      lines_->pass_over();
      transit_.from_disk(notice);
    }
  }
  if (front.owed) front.owed->lose(line.lines);
  transit_.too_large(line, size);
  forget_taken(size);
}

// One turn of lines that are on disk only, to the outbox.
bool spool_worker::read() {
  std::size_t bytes = 0;
  while (bytes < turn_bytes && may_read()) {
    auto next = lines_->read();
    switch (next.what) {
      case spool::found::lines:
        bytes += next.lines.size;
        last_read_ = next.lines.time;
        receipts_.put_on(std::move(next.lines), transit_.behind_memory().lines,
                         [this](const batch& some) { transit_.from_disk(some); });
        break;
      case spool::found::hole: {
        bytes += 1;
        transit_.damaged(next.lost);
        receipts_.lose(transit_.behind_memory().lines);
        const auto first = last_read_ == wall_time{} ? next.time : last_read_;
        if (my_.rules.memory.gap_marker)
          transit_.from_disk(make_notice({next.lost, drop_reason::damaged, first, std::max(first, next.time)}, pool_, clock_.wall(), notices_));
        my_.say(severity::warning, fmt::format("output '{}': {} lines ({}) in its spool {} are damaged or missing", my_.name, next.lost.lines,
                                              readable_size(next.lost.bytes), my_.folder));
        break;
      }
      case spool::found::nothing: return bytes > 0;
      case spool::found::failed:
        failed("read", next.error_number);
        read_again_ = clock_.now() + pause;
        return bytes > 0;
    }
  }
  return bytes > 0;
}

// The cursor follows what was delivered, after a moment, or `now`.
void spool_worker::settle(bool now) {
  const auto place = transit_.settled();
  const auto at = clock_.now();
  if (place.lines <= cursor_.lines) {
    next_cursor_ = at + cursor_every;
    return;
  }
  if (!now && at < next_cursor_ && place.bytes - cursor_.bytes < cursor_bytes) return;
  if (spills() && !lines_->has_segments()) return;
  next_cursor_ = at + cursor_every;
  const auto before = lines_->bytes();
  int error_number = lines_->settle(place, safely());
  if (error_number == 0) error_number = lines_->write_cursor(false);
  if (error_number == 0 && spills()) error_number = lines_->give_back();
  if (error_number != 0) {
    failed("write", error_number);
    return;
  }
  cursor_ = place;
  if (lines_->bytes() < before) write_again_ = {};  // there is room again
  transit_.disk_takes(lines_->bytes());
  if (spills() && !lines_->has_segments() && taken_.empty()) transit_.disk_ends();
}

void spool_worker::sync_timed() {
  if (clock_.now() < next_sync_) return;
  next_sync_ = steady_time::max();
  int error_number = lines_->sync();
  tell_receipts();
  if (error_number == 0) error_number = lines_->write_cursor(true);
  if (error_number == 0) return;
  failed("sync", error_number);
  next_sync_ = clock_.now() + my_.rules.sync_every;
}

// What was written was synced; or that failed, and nobody knows what is safe, nor would the next success tell.
void spool_worker::tell_receipts() {
  receipts_.settle(lines_->synced().lines);
  receipts_.lose(lines_->end().lines);
  const auto before_disk = lines_before_disk(transit_.settled());
  if (lines_->synced().lines >= lines_->end().lines)
    transit_.outbox().contents_are_safe(before_disk);
  else
    transit_.outbox().contents_are_lost(before_disk);
}

// How many lines from `place` on, which is settled, are in memory alone: a spill that never came to its disk has all of its
// lines there, and one whose disk began behind them its first.
std::uint64_t spool_worker::lines_before_disk(const spool_place& place) const {
  const auto first_on_disk = lines_->has_segments() ? lines_->settled() : transit_.behind_memory();
  return first_on_disk.lines - std::min(first_on_disk.lines, place.lines);
}

void spool_worker::end_if_done() {
  if (ended_ || !taken_.empty() || !transit_.inbox_finished() || lines_->unread() || !transit_.disk_is_read()) return;
  ended_ = true;
  transit_.end();
}

void spool_worker::sleep() {
  alarm_.prepare_sleep();
  // What the listener does matters if it makes room, or is the first that the cursor has to follow.
  const bool has_cursor = !spills() || lines_->has_segments();
  watches_outbox_.store(has_cursor || blocked_.load());
  const bool behind = has_cursor && transit_.settled().lines > cursor_.lines;
  if (behind && !lines_->unread() && !blocked_.load()) watches_outbox_.store(false);
  if (leaving_.load() || may_read() || (may_write() && (!taken_.empty() || transit_.inbox_ready()))) return alarm_.awake();
  auto until = next_sync_;
  if (!may_write() && (!taken_.empty() || transit_.inbox_ready())) until = std::min(until, write_again_);
  if (lines_->unread() && clock_.now() < read_again_) until = std::min(until, read_again_);
  if (behind) until = std::min(until, next_cursor_);
  waiter wait(alarm_);
  const auto now = clock_.now();
  wait.wait(-1, 0, until == steady_time::max() ? until : std::chrono::steady_clock::now() + (std::max(until, now) - now));
  alarm_.awake();
}

// At the end: what is in memory goes to disk too, and the cursor to where it belongs.
void spool_worker::keep_rest() {
  write_again_ = {};
  const auto stuck = [&] { return blocked_.load() || failing_; };
  blocked_.store(false);
  failing_ = false;
  while (!stuck() && (!taken_.empty() || transit_.inbox_ready()) && write()) {}
  if (lines_->unread() && transit_.disk_is_read()) static_cast<void>(lines_->read());  // it sees that there is no more
  settle(true);
  std::vector<batch> memory;
  transit_.outbox().contents(memory);
  const auto place = transit_.settled();
  std::uint64_t before_disk = lines_before_disk(place);
  if (spills() && before_disk > 0) {
    std::vector<batch> kept;
    for (auto& each : memory) {
      if (before_disk == 0) break;
      before_disk -= std::min<std::uint64_t>(before_disk, each.count.lines);
      kept.push_back(each);
    }
    if (!lines_->has_segments()) lines_->skip(place);
    if (!kept.empty()) {
      if (const int error_number = lines_->prepend(kept, place)) {
        failed("write", error_number);
      } else {
        transit_.disk_begins(place);
        transit_.outbox().contents_are_safe();
      }
    }
  }
  if (const int error_number = lines_->close(true)) failed("write", error_number);
  if (safely() && lines_->has_segments()) transit_.disk_lacks(lines_->end() - lines_->synced());
  tell_receipts();
  transit_.disk_takes(lines_->bytes());
}

// One message when it begins to fail, one when it works again.
bool spool_worker::failed(std::string_view tried, int error_number) {
  write_again_ = clock_.now() + pause;
  blocked_.store(true);
  if (!std::exchange(failing_, true))
    my_.say(severity::warning, fmt::format("output '{}': unable to {} its spool {}: {}; {} wait in memory, trying again", my_.name, tried,
                                          my_.folder, error_text(error_number), readable_size(transit_.account().queue_bytes)));
  return true;
}

void spool_worker::worked() {
  blocked_.store(false);
  if (std::exchange(failing_, false)) my_.say(severity::notice, fmt::format("output '{}': its spool {} takes lines again", my_.name, my_.folder));
}

}  // namespace logrelay
