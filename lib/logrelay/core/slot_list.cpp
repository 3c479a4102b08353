#include <logrelay/core/slot_list.hpp>

#include <algorithm>
#include <cstring>

namespace logrelay {
namespace {

// A merged slice stays young enough that its time, which is that of its first line, tells the age of all.
constexpr std::chrono::seconds longest_merged{1};
// Slices up to this size are copied together; larger ones get a block of their own size. Either way little is unused.
constexpr std::size_t small_slice = block_pool::standard_bytes / 16;

}  // namespace

void gap::join(const gap& with) {
  from = dropped.lines == 0 ? with.from : std::min(from, with.from);
  to = dropped.lines == 0 ? with.to : std::max(to, with.to);
  dropped += with.dropped;
}

void slot_list::append(batch&& lines) {
  if (merge(lines)) return;
  if (wastes_memory(lines)) {
    lines = compacted(lines);
    if (merge(lines)) return;
  }
  const slot* const before = !waiting_.empty() ? &waiting_.back() : !taken_.empty() ? &taken_.back() : nullptr;
  const bool same_block = before != nullptr && before->lines.memory == lines.memory;
  slot& added = waiting_.emplace_back();
  added.lines = std::move(lines);
  if (!same_block) pin(added);
  charged_ += added.lines.size + sizeof(slot);
  waiting_charged_ += added.lines.size + sizeof(slot);
}

// Whether `lines` only go on where the last slot ends.
bool slot_list::merge(const batch& lines) {
  if (waiting_.empty()) return false;
  slot& last = waiting_.back();
  if (last.lost || !(last.lines.memory == lines.memory) || last.lines.data + last.lines.size != lines.data ||
      last.lines.from != lines.from || last.lines.owed != lines.owed || last.lines.frames != lines.frames ||
      last.lines.size + std::size_t{lines.size} > merged_ ||
      (keep_times_ ? last.lines.time != lines.time : lines.time - last.lines.time > longest_merged))
    return false;
  last.lines.size += lines.size;
  last.lines.count += lines.count;
  last.span = std::max(lines.time - last.lines.time, wall_time::duration(0));
  charged_ += lines.size;
  waiting_charged_ += lines.size;
  return true;
}

// Whether the blocks would hold too much beside the lines, with this one.
bool slot_list::wastes_memory(const batch& lines) const {
  const slot* const before = !waiting_.empty() ? &waiting_.back() : !taken_.empty() ? &taken_.back() : nullptr;
  if (!lines.memory || (before != nullptr && before->lines.memory == lines.memory)) return false;
  const std::size_t capacity = lines.memory->capacity();
  return lines.size < capacity && pinned_ + capacity > line_bytes() + lines.size + most_waste;
}

batch slot_list::compacted(const batch& lines) {
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

batch slot_list::copy_of(const batch& lines) {
  batch copy = lines;
  copy.memory = pool_.take(lines.size);
  std::memcpy(copy.memory->data(), lines.data, lines.size);
  copy.data = copy.memory->data();
  return copy;
}

void slot_list::drop_oldest_waiting() {
  slot& gone = waiting_.front();
  unpin(gone, waiting_.size() > 1 ? &waiting_[1] : nullptr);
  waiting_charged_ -= gone.lines.size + sizeof(slot);
  pay(gone);
  waiting_.pop_front();
}

batch slot_list::cut_oldest_waiting(std::size_t bytes) {
  charged_ -= bytes;
  waiting_charged_ -= bytes;
  return split_front(waiting_.front().lines, bytes);
}

slot slot_list::notice_slot(gap&& lost, const std::shared_ptr<const source>& from) {
  slot made;
  made.lines.marker = true;
  made.lines.from = from;
  made.lines.time = lost.from;
  made.lost = std::exchange(spare_gap_, nullptr);
  if (!made.lost) made.lost = std::make_unique<gap>();
  *made.lost = lost;
  return made;
}

void slot_list::prepend_notice(gap&& lost, const std::shared_ptr<const source>& from) {
  if (!waiting_.empty() && waiting_.front().lost) return waiting_.front().lost->join(lost);
  // What follows no longer follows its block.
  if (!waiting_.empty() && !waiting_.front().pins) pin(waiting_.front());
  waiting_.push_front(notice_slot(std::move(lost), from));
  charged_ += sizeof(slot);
  waiting_charged_ += sizeof(slot);
}

void slot_list::append_notice(gap&& lost, const std::shared_ptr<const source>& from) {
  if (!waiting_.empty() && waiting_.back().lost) return waiting_.back().lost->join(lost);
  waiting_.push_back(notice_slot(std::move(lost), from));
  charged_ += sizeof(slot);
  waiting_charged_ += sizeof(slot);
}

const batch& slot_list::take_lines(std::size_t most_bytes) {
  slot& oldest = waiting_.front();
  const std::size_t size = oldest.lines.size <= most_bytes
                               ? oldest.lines.size
                               : line_end_from(oldest.lines.bytes(), oldest.lines.frames, most_bytes);
  waiting_charged_ -= size;
  if (size == oldest.lines.size) {
    waiting_charged_ -= sizeof(slot);
    taken_.push_back(std::move(oldest));
    waiting_.pop_front();
  } else {
    slot& part = taken_.emplace_back();
    part.lines = split_front(oldest.lines, size);
    part.span = oldest.span;
    part.pins = std::exchange(oldest.pins, false);
    charged_ += sizeof(slot);
  }
  // What is taken stays while its neighbours may be dropped: it is not to keep their block alive.
  if (pinned_ > line_bytes() + most_waste) leave_block(taken_.back());
  return taken_.back().lines;
}

const batch& slot_list::take_notice(batch&& text) {
  waiting_charged_ -= sizeof(slot);
  taken_.push_back(std::move(waiting_.front()));
  waiting_.pop_front();
  slot& notice = taken_.back();
  notice.lines = std::move(text);
  charged_ += notice.lines.size;
  return notice.lines;
}

// The newest slot that is taken moves to memory of its own.
void slot_list::leave_block(slot& moving) {
  if (!moving.lines.memory || moving.lines.size == moving.lines.memory->capacity()) return;
  slot* const next = behind_taken();
  if (moving.pins)
    unpin(moving, next);
  else if (next != nullptr && !next->pins && next->lines.memory == moving.lines.memory)
    pin(*next);  // the slot before still does, but no longer right before it
  moving.lines = copy_of(moving.lines);
  pin(moving);
}

void slot_list::drop_oldest_taken() {
  slot& gone = taken_.front();
  unpin(gone, taken_.size() > 1 ? &taken_[1] : behind_taken());
  pay(gone);
  taken_.pop_front();
}

batch slot_list::cut_oldest_taken(std::size_t bytes) {
  charged_ -= bytes;
  return split_front(taken_.front().lines, bytes);
}

void slot_list::rewind() {
  for (; !taken_.empty(); taken_.pop_back()) {
    slot& last = taken_.back();
    if (last.lost) {
      charged_ -= std::exchange(last.lines.size, 0);
      last.lines.memory = {};
    }
    waiting_.push_front(std::move(last));
  }
  waiting_charged_ = charged_;
}

void slot_list::settle_receipts(std::uint64_t but_first_lines) {
  std::uint64_t before = 0;
  for (auto* side : {&taken_, &waiting_})
    for (slot& each : *side) {
      const auto lines = each.lines.count.lines;
      if (each.lines.owed && before >= but_first_lines) std::exchange(each.lines.owed, nullptr)->settle(lines);
      before += lines;
    }
}

void slot_list::lose_receipts(std::uint64_t but_first_lines) {
  std::uint64_t before = 0;
  for (auto* side : {&taken_, &waiting_})
    for (const slot& each : *side) {
      if (each.lines.owed && before >= but_first_lines) each.lines.owed->lose(each.lines.count.lines);
      before += each.lines.count.lines;
    }
  settle_receipts(but_first_lines);
}

void slot_list::pin(slot& one) {
  if (!one.lines.memory) return;
  one.pins = true;
  pinned_ += one.lines.memory->capacity();
}

// The slot leaves its block, which the next slot keeps alive if it lies in it too.
void slot_list::unpin(slot& leaving, slot* next) {
  if (!std::exchange(leaving.pins, false)) return;
  if (next != nullptr && !next->pins && next->lines.memory == leaving.lines.memory)
    next->pins = true;
  else
    pinned_ -= leaving.lines.memory->capacity();
}

void slot_list::pay(slot& gone) {
  if (gone.lost) spare_gap_ = std::move(gone.lost);
  charged_ -= gone.lines.size + sizeof(slot);
  if (taken_.size() + waiting_.size() == 1) compact_ = {};  // the last one
}

void slot_list::contents(std::vector<batch>& into) const {
  for (const auto* side : {&taken_, &waiting_})
    for (const auto& each : *side)
      if (!each.lost) into.push_back(each.lines);
}

}  // namespace logrelay
