#include <logrelay/spool/transit.hpp>

#include <algorithm>

namespace logrelay {
namespace {

// Lines that come from disk are in memory only as far as the next writes need them: in blocks that go around.
constexpr std::size_t most_read_ahead = 1024 * 1024;

queue_rules half(queue_rules rules) {
  rules.capacity_bytes = std::max<std::size_t>(rules.capacity_bytes / 2, 1);
  if (3 * rules.whole_slices_of > rules.capacity_bytes) rules.whole_slices_of = 0;
  return rules;
}

queue_rules outbox_rules(const queue_rules& rules) {
  auto made = half(rules);
  made.when_full = overflow::block;
  made.pace_bytes = queue_rules{}.pace_bytes;
  return made;
}

queue_events inbox_events(const queue_events& events, std::function<void()> on_inbox, std::atomic<bool>& has_room) {
  return {std::move(on_inbox), [&has_room] { has_room.store(true); }, events.on_loss};
}

queue_events outbox_events(const queue_events& events, const std::function<void()>& on_inbox) {
  return {events.on_lines, [tell = events.on_room, on_inbox] { tell(), on_inbox(); }, [](bool, const tally&) {}};
}

}  // namespace

spool_transit::spool_transit(const queue_rules& rules, bool spills, const block_pool& pool, const time_source& clock,
                             const queue_events& events, std::function<void()> on_inbox)
    : spills_(spills),
      capacity_(half(rules).capacity_bytes),
      read_ahead_(std::min(most_read_ahead, capacity_ / 2)),
      clock_(clock),
      on_room_(events.on_room),
      inbox_(half(rules), pool, clock, inbox_events(events, on_inbox, inbox_has_room_)),
      outbox_(outbox_rules(rules), pool, clock, outbox_events(events, on_inbox)),
      bypassed_(false),
      has_disk_(!spills) {}

void spool_transit::found(const spool_place& settled, const spool_place& end) {
  const std::lock_guard lock(mutex_);
  base_ = settled;
  found_ = on_disk_ = end - settled;
  if (end.lines > settled.lines) has_disk_ = true, disk_begin_ = settled;
  bypassed_ = spills_ && found_.lines == 0 && is_inbox_empty();
}

void spool_transit::push(const batch& lines) {
  if (!spills_) return inbox_.push(lines);
  const std::lock_guard lock(mutex_);
  if (bypassed_ && has_room(lines.size)) {
    direct_ += lines.count;
    return outbox_.push(lines);
  }
  bypassed_ = false;
  inbox_.push(lines);
}

room spool_transit::room_now() {
  const std::lock_guard lock(mutex_);
  if (!bypassed_) return paced(inbox_.room_now());
  // What paces an output that moves does so here too; one that is full does not hold anybody up.
  const auto here = outbox_.room_now();
  return here.bytes > 0 || here.until != steady_time::max() ? here : inbox_.room_now();
}

room spool_transit::paced(const room& in) {
  if (in.bytes == 0) return in;
  const auto out = outbox_.room_now();
  const bool moves = out.bytes == 0 && out.until != steady_time::max();
  if (!moves) return in;
  const auto now = clock_.now();
  const auto accepted = inbox_.account().accepted.bytes;
  if (accepted >= next_hold_) {
    next_hold_ = accepted + between_holds;
    held_until_ = now + hold;
  }
  return now < held_until_ ? room{0, held_until_} : in;
}

bool spool_transit::takes(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  return (bypassed_ && has_room(bytes)) || inbox_.takes(bytes);
}

void spool_transit::close() {
  inbox_.close();
  tell_room();
}

void spool_transit::take_in(std::vector<batch>& into, std::size_t most_bytes) {
  inbox_.take(into, most_bytes);
  tell_room();
}

void spool_transit::tell_room() {
  if (inbox_has_room_.exchange(false)) on_room_();
}

bool spool_transit::has_room(std::size_t bytes, std::size_t slices) const {
  const auto charged = outbox_.account().queue_bytes;
  return charged == 0 || charged + bytes + slices * sizeof(slot) <= capacity_;
}

bool spool_transit::disk_is_read() const {
  const std::lock_guard lock(mutex_);
  return on_disk_.lines == 0;
}

void spool_transit::pass_on(std::span<const batch> lines, std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    tally count;
    std::size_t left = bytes;
    for (const batch& each : lines) {
      if (left == 0) break;
      batch rest = each;
      const batch some = rest.size <= left ? rest : split_front(rest, left);
      left -= some.size;
      if (!some.marker) count += some.count;
      outbox_.push(some);
    }
    inbox_.ack(bytes, {count, {}, {}});
  }
  tell_room();
}

void spool_transit::leave_on_disk(const tally& lines, std::size_t bytes, wall_time time) {
  {
    const std::lock_guard lock(mutex_);
    if (on_disk_.lines == 0) disk_time_ = time;
    on_disk_ += lines;
    inbox_.ack(bytes, {lines, {}, {}});
  }
  tell_room();
}

void spool_transit::from_disk(const batch& lines) {
  const std::lock_guard lock(mutex_);
  if (!lines.marker) on_disk_ -= lines.count;
  disk_time_ = lines.time;
  outbox_.push(lines);
}

void spool_transit::damaged(const tally& lines) {
  const std::lock_guard lock(mutex_);
  on_disk_ -= lines;
  damaged_ += lines;
  holes_.push_back({outbox_.account().accepted.lines, lines});
}

void spool_transit::too_large(const tally& line, std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    too_large_ += line;
    inbox_.ack(bytes, {line, {}, {}});
  }
  tell_room();
}

spool_place spool_transit::settled() const {
  const std::lock_guard lock(mutex_);
  return settled_now(outbox_.account());
}

spool_place spool_transit::settled_now(const ledger& out) const {
  const tally gone = out.accepted - out.pending;
  spool_place place = base_ + gone;
  for (const auto& each : holes_) {
    if (each.behind_lines > gone.lines) break;
    place += each.lost;
  }
  return place;
}

spool_place spool_transit::behind_memory() const {
  const std::lock_guard lock(mutex_);
  spool_place place = base_ + outbox_.account().accepted;
  for (const auto& each : holes_) place += each.lost;
  return place;
}

void spool_transit::disk_begins(const spool_place& at) {
  const std::lock_guard lock(mutex_);
  has_disk_ = true;
  disk_begin_ = at;
}

void spool_transit::disk_ends() {
  const std::lock_guard lock(mutex_);
  has_disk_ = false;
  bypassed_ = bypassed_ || is_inbox_empty();
}

void spool_transit::disk_takes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  disk_bytes_ = bytes;
}

void spool_transit::disk_lacks(const tally& unsafe) {
  const std::lock_guard lock(mutex_);
  unsafe_ = unsafe;
}

bool spool_transit::is_inbox_empty() const { return inbox_.account().pending.lines == 0 && !inbox_.ready(); }

ledger spool_transit::account() const {
  const std::lock_guard lock(mutex_);
  const ledger in = inbox_.account(), out = outbox_.account();
  ledger all = out;
  all.accepted = found_ + direct_ + in.accepted;
  all.dropped_by = in.dropped_by;
  all.dropping = in.dropping;
  all.dropped_by[static_cast<std::size_t>(drop_reason::damaged)] += damaged_;
  all.dropped_by[static_cast<std::size_t>(drop_reason::too_large)] += too_large_;
  all.pending = in.pending + on_disk_ + out.pending;
  all.queue_bytes = in.queue_bytes + out.queue_bytes;
  all.queue_peak_bytes = in.queue_peak_bytes + out.queue_peak_bytes;
  if (out.pending.lines == 0) all.oldest = on_disk_.lines > 0 ? disk_time_ : in.oldest;
  all.found = found_;
  all.disk_bytes = disk_bytes_;
  if (!has_disk_) return all;
  // Everything behind the inbox is on disk, but for what a spill had in memory before its disk began.
  all.spooled = on_disk_ + out.pending;
  const auto settled = settled_now(out);
  if (disk_begin_.lines > settled.lines) all.spooled -= disk_begin_ - settled;
  all.spooled -= unsafe_.lines < all.spooled.lines ? unsafe_ : all.spooled;
  return all;
}

}  // namespace logrelay
