#include <logrelay/core/memory_queue.hpp>

#include <logrelay/core/notice.hpp>
#include <logrelay/util/deadline.hpp>

#include <algorithm>

namespace logrelay {
namespace {

// Inputs are held below this much room, and let go with this much, so that they never read in crumbs.
constexpr std::size_t least_room = 4 * 1024;
constexpr std::size_t resume_room = 16 * 1024;
constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

}  // namespace

memory_queue::memory_queue(const queue_rules& rules, const block_pool& pool, const time_source& clock, queue_events events)
    : pool_(pool),
      clock_(clock),
      events_(std::move(events)),
      notices_(notice_source()),
      rules_(rules),
      slots_(pool, rules.keep_times, rules.whole_slices_of > 0 ? rules.whole_slices_of : slot_list::most_merged) {}

void memory_queue::push(const batch& lines) {
  bool loss_begins = false;
  {
    const std::lock_guard lock(mutex_);
    ledger_.accepted += lines.count;
    if (lines.owed) lines.owed->expect(lines.count.lines);
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
    note_peak();
  }
  events_.on_lines();
  if (loss_begins) events_.on_loss(true, {});
}

void memory_queue::append(batch&& lines) {
  ledger_.pending += lines.count;
  slots_.append(std::move(lines));
}

void memory_queue::note_peak() {
  ledger_.queue_peak_bytes = std::max(ledger_.queue_peak_bytes, slots_.charge());
}

// Drops what the policy says until `lines` fit, or are cut so that they do.
void memory_queue::make_room_for(batch& lines) {
  gap lost;
  if (rules_.when_full == overflow::drop_newest) {
    const std::size_t usable = bytes_left_for_lines();
    std::size_t keep = line_end_before(lines.bytes(), lines.frames, std::min<std::size_t>(usable, lines.size));
    if (keep == 0 && ledger_.pending.lines == 0) keep = line_end_from(lines.bytes(), lines.frames, 1);
    if (keep == lines.size) return;
    batch kept = keep > 0 ? split_front(lines, keep) : batch{};
    drop(lines, lines.time, lost);
    if (keep > 0) append(std::move(kept));
    lines.size = 0;
    if (rules_.gap_marker) slots_.append_notice(std::move(lost), notices_);
    return;
  }
  drop_oldest(lines.size);
  if (lines.size + sizeof(slot) <= free_bytes()) return;
  // Not even then: of the new lines too the oldest go.
  const std::size_t least = lines.size - std::min<std::size_t>(bytes_left_for_lines(), lines.size);
  std::size_t from = least == 0 ? 0 : line_end_from(lines.bytes(), lines.frames, least);
  if (from == lines.size && ledger_.pending.lines == 0)  // an empty queue takes any one line
    from = line_end_before(lines.bytes(), lines.frames, lines.size - 1);
  if (from == 0) return;
  const batch gone = from == lines.size ? std::exchange(lines, batch{}) : split_front(lines, from);
  drop(gone, gone.time, lost);
  if (rules_.gap_marker) slots_.append_notice(std::move(lost), notices_);
}

// What new lines may have when others are dropped: their slot and that of a notice are paid first.
std::size_t memory_queue::bytes_left_for_lines() const {
  const std::size_t slots = rules_.gap_marker && !slots_.ends_with_notice() ? 2 * sizeof(slot) : sizeof(slot);
  return free_bytes() - std::min(free_bytes(), slots);
}

// Drops the oldest lines that nobody has taken until a slot of `bytes` fits, behind the notice, or none are left.
void memory_queue::drop_oldest(std::size_t bytes) {
  gap lost;
  const std::size_t needed = bytes + (rules_.gap_marker ? 2 : 1) * sizeof(slot);
  const std::size_t target = rules_.capacity_bytes - std::min(needed, rules_.capacity_bytes);
  while (slots_.charge() > target && slots_.any_waiting()) {
    slot& oldest = slots_.oldest_waiting();
    if (oldest.lost) {
      lost.join(*oldest.lost);
      slots_.drop_oldest_waiting();
      continue;
    }
    const std::size_t cut = rules_.whole_slices_of > 0 ? oldest.lines.size
                                                      : line_end_from(oldest.lines.bytes(), oldest.lines.frames, slots_.charge() - target);
    if (cut >= oldest.lines.size) {
      ledger_.pending -= oldest.lines.count;
      drop(oldest.lines, oldest.last(), lost);
      slots_.drop_oldest_waiting();
    } else {
      const wall_time last = oldest.last();
      const batch gone = slots_.cut_oldest_waiting(cut);
      ledger_.pending -= gone.count;
      drop(gone, last, lost);
    }
  }
  if (rules_.gap_marker && lost.dropped.lines > 0) slots_.prepend_notice(std::move(lost), notices_);
}

void memory_queue::drop(const batch& lines, wall_time last, gap& into) {
  ledger_.dropped_by[static_cast<std::size_t>(into.why)] += lines.count;
  into.join({lines.count, into.why, lines.time, std::max(last, lines.time)});
  if (!lines.owed) return;
  lines.owed->lose(lines.count.lines);
  lines.owed->settle(lines.count.lines);
}

room memory_queue::room_now() {
  const std::lock_guard lock(mutex_);
  if (closed_ || rules_.when_full == overflow::drop_newest || rules_.when_full == overflow::drop_oldest) return {unlimited};
  if (dropping_ && slots_.charge() > rules_.capacity_bytes / 2) return {unlimited};
  dropping_ = false;

  const std::size_t least = std::min(least_room, rules_.capacity_bytes / 8);
  const bool full = !slots_.empty() && free_bytes() <= least;
  if (!full) full_since_ = steady_time::max();
  if (!full && slots_.waiting_charge() <= rules_.pace_bytes) return {std::max<std::size_t>(free_bytes(), 1)};

  const steady_time now = clock_.now();
  if (!full) {
    if (now - ledger_.last_progress >= pace_wait) return {std::max<std::size_t>(free_bytes(), 1)};
    if (holding_ == hold::none) holding_ = hold::to_pace;  // who waits for more has no timer
    return {0, now + pace_wait};
  }
  full_since_ = std::min(full_since_, now);
  holding_ = hold::until_room;
  if (rules_.when_full == overflow::block) return {0};
  const steady_time dead_at = deadline_in(rules_.stall_after, std::min(full_since_, ledger_.last_progress));
  if (now < dead_at) return {0, dead_at};
  dropping_ = true;
  holding_ = hold::none;
  full_since_ = steady_time::max();
  return {unlimited};
}

bool memory_queue::takes(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_ || slots_.empty() || bytes + sizeof(slot) <= free_bytes()) return true;
  asked_ = true;
  return false;
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
  for (std::size_t bytes = 0; may_take();) {
    const slot& next = slots_.oldest_waiting();
    if (bytes > 0 && bytes + next.lines.size > most_bytes) break;
    if (into.size() == into.capacity()) into.reserve(2 * into.size() + 1);  // what is taken must not be lost for lack of memory
    const std::size_t taken = slots_.charge() - slots_.waiting_charge();
    const std::size_t most = rules_.whole_slices_of > 0 ? next.lines.size : most_taken() - std::min(most_taken(), taken);
    const batch& lines = next.lost ? slots_.take_notice(make_notice(*next.lost, pool_, clock_.wall(), notices_)) : slots_.take_lines(most);
    bytes += lines.size;
    into.push_back(lines);
  }
  note_peak();
  return room_again();
}

void memory_queue::ack(std::size_t bytes, const settled& what) {
  bool room = false, loss_ends = false;
  tally lost;
  {
    const std::lock_guard lock(mutex_);
    tally gone;  // counted from what leaves the queue, so that the balance holds the listener to its word
    while (bytes > 0) {
      const batch& front = slots_.oldest_taken();
      if (front.size > bytes) {
        const batch part = slots_.cut_oldest_taken(bytes);
        gone += part.count;
        if (part.owed) part.owed->settle(part.count.lines);
        break;
      }
      bytes -= front.size;
      gone += front.count;
      if (front.owed) front.owed->settle(front.count.lines);
      if (front.marker) ledger_.markers += {1, front.size};
      slots_.drop_oldest_taken();
    }
    ledger_.delivered += what.delivered;
    ledger_.filtered += what.filtered;
    ledger_.rejected += what.rejected;
    ledger_.pending -= gone;
    moved();
    room = room_again();
    if (std::exchange(asked_, false)) room = true;
    if (losing_ && slots_.charge() <= rules_.capacity_bytes / 2) {
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
  const bool room = holding_ == hold::to_pace ? slots_.waiting_charge() <= rules_.pace_bytes / 2
                                              : holding_ == hold::until_room && slots_.charge() <= resume_at;
  if (room) holding_ = hold::none;
  return room;
}

void memory_queue::rewind() {
  const std::lock_guard lock(mutex_);
  slots_.rewind();
}

bool memory_queue::ready() const {
  const std::lock_guard lock(mutex_);
  return may_take();
}

// What is taken can no longer be dropped. Half of the room stays for the newest lines, whatever a peer that takes
// everything into its buffers and reads nothing may have of the older ones; but for the slice that is taken first.
bool memory_queue::may_take() const {
  return slots_.any_waiting() &&
         (!slots_.any_taken() || slots_.charge() - slots_.waiting_charge() + rules_.whole_slices_of < most_taken());
}

bool memory_queue::finished() const {
  const std::lock_guard lock(mutex_);
  return closed_ && slots_.empty();
}

// Whoever waits for room asks again: there may be more now, or another policy.
void memory_queue::change(const queue_rules& rules) {
  {
    const std::lock_guard lock(mutex_);
    rules_ = rules;
    slots_.keep_times(rules.keep_times);
    holding_ = hold::none;
  }
  events_.on_room();
}

void memory_queue::give_up() { contents_are_lost(); }

ledger memory_queue::account() const {
  const std::lock_guard lock(mutex_);
  ledger copy = ledger_;
  copy.queue_bytes = slots_.charge();
  copy.dropping = losing_;
  if (!slots_.empty()) copy.oldest = slots_.oldest().lines.time;
  return copy;
}

std::size_t memory_queue::waiting_bytes() const {
  const std::lock_guard lock(mutex_);
  return slots_.waiting_charge();
}

void memory_queue::contents(std::vector<batch>& into) const {
  const std::lock_guard lock(mutex_);
  slots_.contents(into);
}

void memory_queue::contents_are_safe(std::uint64_t but_first_lines) {
  const std::lock_guard lock(mutex_);
  slots_.settle_receipts(but_first_lines);
}

void memory_queue::contents_are_lost(std::uint64_t but_first_lines) {
  const std::lock_guard lock(mutex_);
  slots_.lose_receipts(but_first_lines);
}

}  // namespace logrelay
