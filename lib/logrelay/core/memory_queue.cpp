#include <logrelay/core/memory_queue.hpp>

#include <logrelay/format/time_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace logrelay {
namespace {

// Inputs are held below this much room, and let go with this much, so that they never read in crumbs.
constexpr std::size_t least_room = 4 * 1024;
constexpr std::size_t resume_room = 16 * 1024;
constexpr std::size_t unlimited = static_cast<std::size_t>(-1);
// A merged slice stays small enough that dropping or cutting it is quick.
constexpr std::size_t most_merged = 4 * 1024 * 1024;
// … and young enough that its time, which is that of its first line, tells the age of all.
constexpr std::chrono::seconds longest_merged{1};
// Slices up to this size are copied together; larger ones get a block of their own size. Either way little is unused.
constexpr std::size_t small_slice = block_pool::standard_bytes / 16;

std::shared_ptr<const source> notice_source() {
  auto ours = std::make_shared<source>();
  ours->input = static_cast<std::size_t>(-1);
  ours->input_name = "logrelay";
  ours->default_level = level::warning;
  return ours;
}

}  // namespace

memory_queue::memory_queue(const queue_rules& rules, const block_pool& pool, const time_source& clock, queue_events events)
    : rules_(rules), pool_(pool), clock_(clock), events_(std::move(events)), notices_(notice_source()) {}

void memory_queue::push(const batch& lines) {
  bool loss_begins = false;
  {
    const std::lock_guard lock(mutex_);
    ledger_.accepted += lines.count;
    if (slots_.empty()) ledger_.last_progress = clock_.now();  // it has had nothing to do until now
    const bool takes_all = rules_.when_full == overflow::block || (rules_.when_full == overflow::adaptive && !dropping_);
    if (takes_all || lines.size + sizeof(slot) <= free_bytes()) {
      append(batch(lines));
    } else {
      const tally before = ledger_.dropped();
      batch rest = lines;
      make_room_for(rest);
      if (rest.size > 0) append(std::move(rest));
      if (ledger_.dropped() != before && !losing_) {
        losing_ = loss_begins = true;
        lost_before_ = before;
      }
    }
  }
  events_.on_lines();
  if (loss_begins) events_.on_loss(true, {});
}

void memory_queue::append(batch&& lines) {
  ledger_.pending += lines.count;
  if (merge(lines)) return;
  if (wastes_memory(lines)) {
    lines = compacted(lines);
    if (merge(lines)) return;
  }
  slot& added = slots_.emplace_back(slot{std::move(lines), {}, nullptr, false});
  added.last = added.lines.time;
  charge(added.lines.size + sizeof(slot));
  added.pins = slots_.size() == 1 || !(slots_[slots_.size() - 2].lines.memory == added.lines.memory);
  if (added.pins && added.lines.memory) pinned_ += added.lines.memory->capacity();
}

// Whether `lines` only go on where the last slot ends.
bool memory_queue::merge(const batch& lines) {
  if (slots_.size() <= taken_) return false;
  slot& last = slots_.back();
  if (last.lost || !(last.lines.memory == lines.memory) || last.lines.data + last.lines.size != lines.data ||
      last.lines.from != lines.from || last.lines.frames != lines.frames || last.lines.size + std::size_t{lines.size} > most_merged ||
      (rules_.keep_times ? last.lines.time != lines.time : lines.time - last.lines.time > longest_merged))
    return false;
  last.lines.size += lines.size;
  last.lines.count += lines.count;
  last.last = lines.time;
  charge(lines.size);
  return true;
}

// Whether the blocks would hold too much beside the lines, with this one.
bool memory_queue::wastes_memory(const batch& lines) const {
  if (!lines.memory || (!slots_.empty() && slots_.back().lines.memory == lines.memory)) return false;
  const std::size_t capacity = lines.memory->capacity();
  return lines.size < capacity && pinned_ + capacity > line_bytes() + lines.size + most_waste;
}

batch memory_queue::compacted(const batch& lines) {
  if (lines.size > small_slice) return copy_of(lines);
  if (!compact_ || compact_->capacity() - compact_used_ < lines.size) {
    compact_ = pool_.take();
    compact_used_ = 0;
  }
  batch copy = lines;
  char* const to = compact_->data() + compact_used_;
  std::memcpy(to, lines.data, lines.size);
  compact_used_ += lines.size;
  copy.memory = compact_;
  copy.data = to;
  return copy;
}

batch memory_queue::copy_of(const batch& lines) {
  batch copy = lines;
  copy.memory = pool_.take(lines.size);
  std::memcpy(copy.memory->data(), lines.data, lines.size);
  copy.data = copy.memory->data();
  return copy;
}

// Drops what the policy says until `lines` fit, or are cut so that they do.
void memory_queue::make_room_for(batch& lines) {
  gap lost{{}, drop_reason::queue_full, {}, {}};
  if (rules_.when_full == overflow::drop_newest) {
    const std::size_t usable = bytes_left_for_lines();
    std::size_t keep = line_end_before(lines.bytes(), lines.frames, std::min<std::size_t>(usable, lines.size));
    if (keep == 0 && ledger_.pending.lines == 0) keep = line_end_from(lines.bytes(), lines.frames, 1);
    if (keep == lines.size) return;
    batch kept = keep > 0 ? split_front(lines, keep) : batch{};
    drop(lines, lines.time, lost);
    if (keep > 0) append(std::move(kept));
    lines.size = 0;
    insert_gap(slots_.size(), std::move(lost));
    return;
  }
  drop_front(lines.size);
  if (lines.size + sizeof(slot) <= free_bytes()) return;
  // Not even then: of the new lines too the oldest go.
  const std::size_t least = lines.size - std::min<std::size_t>(bytes_left_for_lines(), lines.size);
  std::size_t from = least == 0 ? 0 : line_end_from(lines.bytes(), lines.frames, least);
  if (from == lines.size && ledger_.pending.lines == 0)  // an empty queue takes any one line
    from = line_end_before(lines.bytes(), lines.frames, lines.size - 1);
  if (from == 0) return;
  const batch gone = from == lines.size ? std::exchange(lines, batch{}) : split_front(lines, from);
  drop(gone, gone.time, lost);
  insert_gap(slots_.size(), std::move(lost));
}

// What new lines may have when others are dropped: their slot and that of a notice are paid first.
std::size_t memory_queue::bytes_left_for_lines() const {
  const bool told = slots_.size() > taken_ && slots_.back().lost;
  const std::size_t slots = rules_.gap_marker && !told ? 2 * sizeof(slot) : sizeof(slot);
  return free_bytes() - std::min(free_bytes(), slots);
}

// Drops the oldest lines that nobody has taken until a slot of `bytes` fits, behind the notice, or none are left.
void memory_queue::drop_front(std::size_t bytes) {
  gap lost{{}, drop_reason::queue_full, {}, {}};
  const std::size_t needed = bytes + (rules_.gap_marker ? 2 : 1) * sizeof(slot);
  const std::size_t target = rules_.capacity_bytes - std::min(needed, rules_.capacity_bytes);
  while (charged_ > target && taken_ < slots_.size()) {
    slot& oldest = slots_[taken_];
    if (oldest.lost) {
      lost.join(*oldest.lost);
      erase_slot(taken_);
      continue;
    }
    const std::size_t cut = line_end_from(oldest.lines.bytes(), oldest.lines.frames, charged_ - target);
    if (cut >= oldest.lines.size) {
      ledger_.pending -= oldest.lines.count;
      drop(oldest.lines, oldest.last, lost);
      erase_slot(taken_);
    } else {
      const batch gone = split_front(oldest.lines, cut);
      ledger_.pending -= gone.count;
      charged_ -= cut;
      untaken_ -= cut;
      drop(gone, oldest.last, lost);
    }
  }
  insert_gap(taken_, std::move(lost));
}

void memory_queue::drop(const batch& lines, wall_time last, gap& into) {
  ledger_.dropped_by[static_cast<std::size_t>(into.why)] += lines.count;
  into.join({lines.count, into.why, lines.time, std::max(last, lines.time)});
}

void memory_queue::gap::join(const gap& with) {
  from = dropped.lines == 0 ? with.from : std::min(from, with.from);
  to = dropped.lines == 0 ? with.to : std::max(to, with.to);
  dropped += with.dropped;
}

// Puts the notice where the lines are missing; neighbours become one.
void memory_queue::insert_gap(std::size_t at, gap&& lost) {
  if (!rules_.gap_marker || lost.dropped.lines == 0) return;
  if (at < slots_.size() && slots_[at].lost) return slots_[at].lost->join(lost);
  if (at > taken_ && slots_[at - 1].lost) return slots_[at - 1].lost->join(lost);
  slot made;
  made.lines.marker = true;
  made.lines.from = notices_;
  made.lines.time = made.last = lost.from;
  made.lost = std::make_unique<gap>(std::move(lost));
  slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(at), std::move(made));
  charge(sizeof(slot));
  if (at + 1 < slots_.size()) {  // what follows no longer follows its block
    slot& next = slots_[at + 1];
    if (!next.pins && next.lines.memory) next.pins = true, pinned_ += next.lines.memory->capacity();
  }
}

void memory_queue::erase_slot(std::size_t at) {
  charged_ -= slots_[at].lines.size + sizeof(slot);
  if (at >= taken_) untaken_ -= slots_[at].lines.size + sizeof(slot);
  unpin(at);
  slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(at));
}

// The slot leaves; its block stays pinned by the next slot if that lies in it too.
void memory_queue::unpin(std::size_t at) {
  if (!slots_[at].pins || !slots_[at].lines.memory) return;
  if (at + 1 < slots_.size() && !slots_[at + 1].pins && slots_[at + 1].lines.memory == slots_[at].lines.memory)
    slots_[at + 1].pins = true;
  else
    pinned_ -= slots_[at].lines.memory->capacity();
}

void memory_queue::charge(std::size_t bytes) {
  charged_ += bytes;
  untaken_ += bytes;
  ledger_.queue_peak_bytes = std::max(ledger_.queue_peak_bytes, charged_);
}

room memory_queue::room_now() {
  const std::lock_guard lock(mutex_);
  if (closed_ || rules_.when_full == overflow::drop_newest || rules_.when_full == overflow::drop_oldest) return {unlimited};
  if (dropping_ && charged_ > rules_.capacity_bytes / 2) return {unlimited};
  dropping_ = false;

  const std::size_t least = std::min(least_room, rules_.capacity_bytes / 8);
  const bool full = !slots_.empty() && free_bytes() <= least;
  if (!full) full_since_ = steady_time::max();
  if (!full && untaken_ <= pace_bytes) return {std::max<std::size_t>(free_bytes(), 1)};

  const steady_time now = clock_.now();
  if (!full) {
    if (now - ledger_.last_progress >= pace_wait) return {std::max<std::size_t>(free_bytes(), 1)};
    if (holding_ == hold::none) holding_ = hold::to_pace;  // who waits for more has no timer
    return {0, now + pace_wait};
  }
  full_since_ = std::min(full_since_, now);
  holding_ = hold::until_room;
  if (rules_.when_full == overflow::block) return {0};
  const steady_time dead_at = std::min(full_since_, ledger_.last_progress) + rules_.stall_after;
  if (now < dead_at) return {0, dead_at};
  dropping_ = true;
  holding_ = hold::none;
  full_since_ = steady_time::max();
  return {unlimited};
}

void memory_queue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  events_.on_lines();
  events_.on_room();
}

void memory_queue::take(std::vector<batch>& into, std::size_t most_bytes) {
  if (take_some(into, most_bytes)) events_.on_room();
}

bool memory_queue::take_some(std::vector<batch>& into, std::size_t most_bytes) {
  const std::lock_guard lock(mutex_);
  for (std::size_t bytes = 0; may_take(); ++taken_) {
    slot& next = slots_[taken_];
    if (bytes > 0 && bytes + next.lines.size > most_bytes) break;
    if (next.lost) {
      next.lines = notice(*next.lost);
      charge(next.lines.size);
    } else {
      const std::size_t most = std::max<std::size_t>(most_taken() - std::min(most_taken(), charged_ - untaken_), 1);
      if (next.lines.size > most) split_slot(taken_, line_end_from(next.lines.bytes(), next.lines.frames, most));
      if (pinned_ > line_bytes() + most_waste) copy_alone(taken_);
    }
    const batch& lines = slots_[taken_].lines;
    bytes += lines.size;
    untaken_ -= lines.size + sizeof(slot);
    into.push_back(lines);
  }
  return room_again();
}

// What is taken stays while its neighbours may be dropped: it is not to keep their block alive.
void memory_queue::copy_alone(std::size_t at) {
  slot& moving = slots_[at];
  if (!moving.lines.memory || moving.lines.size == moving.lines.memory->capacity()) return;
  if (!moving.pins && at + 1 < slots_.size() && slots_[at + 1].lines.memory == moving.lines.memory) {
    slots_[at + 1].pins = true;
    pinned_ += moving.lines.memory->capacity();
  }
  unpin(at);
  moving.lines = copy_of(moving.lines);
  moving.pins = true;
  pinned_ += moving.lines.size;
}

// Makes two slots of one, the first with `size` bytes, which end a line.
void memory_queue::split_slot(std::size_t at, std::size_t size) {
  if (size >= slots_[at].lines.size) return;
  slot front;
  front.lines = split_front(slots_[at].lines, size);
  front.last = slots_[at].last;
  front.pins = std::exchange(slots_[at].pins, false);
  slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(at), std::move(front));
  charge(sizeof(slot));
}

batch memory_queue::notice(const gap& lost) {
  const auto text = fmt::format("logrelay: dropped {} lines ({} bytes): {}, from {} to {}\n", lost.dropped.lines,
                                lost.dropped.bytes, drop_reason_name(lost.why), rfc3339_milliseconds(lost.from),
                                rfc3339_milliseconds(lost.to));
  auto memory = pool_.take(text.size());
  std::memcpy(memory->data(), text.data(), text.size());
  const char* data = memory->data();
  return {std::move(memory), data, static_cast<std::uint32_t>(text.size()), framing::newline, true, {}, clock_.wall(), notices_};
}

void memory_queue::ack(std::size_t bytes, const settled& what) {
  bool room = false, loss_ends = false;
  tally lost;
  {
    const std::lock_guard lock(mutex_);
    tally gone;  // counted from what leaves the queue, so that the balance holds the listener to its word
    while (bytes > 0) {
      slot& front = slots_.front();
      if (front.lines.size > bytes) {
        gone += split_front(front.lines, bytes).count;
        charged_ -= bytes;
        break;
      }
      bytes -= front.lines.size;
      gone += front.lines.count;
      if (front.lines.marker) ledger_.markers += {1, front.lines.size};
      erase_slot(0);
      --taken_;
    }
    if (slots_.empty()) compact_ = {};
    ledger_.delivered += what.delivered;
    ledger_.filtered += what.filtered;
    ledger_.rejected += what.rejected;
    ledger_.pending -= gone;
    moved();
    room = room_again();
    if (losing_ && charged_ <= rules_.capacity_bytes / 2) {
      losing_ = false;
      loss_ends = true;
      lost = ledger_.dropped() - lost_before_;
    }
  }
  if (room) events_.on_room();
  if (loss_ends) events_.on_loss(false, lost);
}

void memory_queue::progressed() {
  const std::lock_guard lock(mutex_);
  moved();
}

void memory_queue::moved() {
  ledger_.last_progress = clock_.now();
}

// Whether whoever waits for room is to be told now.
bool memory_queue::room_again() {
  const std::size_t resume_at = rules_.capacity_bytes - std::min(resume_room, rules_.capacity_bytes / 4);
  const bool room = holding_ == hold::to_pace ? untaken_ <= pace_bytes / 2 : holding_ == hold::until_room && charged_ <= resume_at;
  if (room) holding_ = hold::none;
  return room;
}

void memory_queue::rewind() {
  const std::lock_guard lock(mutex_);
  for (; taken_ > 0; --taken_) {
    slot& last = slots_[taken_ - 1];
    if (!last.lost) continue;  // a notice may grow again until it is taken
    charged_ -= std::exchange(last.lines.size, 0);
    last.lines.memory = {};
  }
  untaken_ = charged_;
}

bool memory_queue::ready() const {
  const std::lock_guard lock(mutex_);
  return may_take();
}

// What is taken can no longer be dropped. Half of the room stays for the newest lines, whatever a peer that takes
// everything into its buffers and reads nothing may have of the older ones.
bool memory_queue::may_take() const {
  return taken_ < slots_.size() && (taken_ == 0 || charged_ - untaken_ < most_taken());
}

bool memory_queue::finished() const {
  const std::lock_guard lock(mutex_);
  return closed_ && slots_.empty();
}

ledger memory_queue::account() const {
  const std::lock_guard lock(mutex_);
  ledger copy = ledger_;
  copy.queue_bytes = charged_;
  if (!slots_.empty()) copy.oldest = slots_.front().lines.time;
  return copy;
}

}  // namespace logrelay
