#include <logrelay/spool/spool.hpp>

#include <logrelay/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace logrelay {
namespace {

// How much of the first `bytes`, which end a line, one record takes.
std::size_t one_record(const batch& lines, std::size_t bytes) {
  if (bytes <= segment_writer::most_lines_bytes) return bytes;
  const auto cut = line_end_before(lines.bytes(), lines.frames, segment_writer::most_lines_bytes);
  return cut > 0 ? cut : line_end_from(lines.bytes(), lines.frames, 1);
}

}  // namespace

spool::spool(disk& folder, const spool_limits& limits, const block_pool& pool, std::function<void(std::string)> on_damage, access how)
    : folder_(folder),
      limits_(limits),
      on_damage_(std::move(on_damage)),
      how_(how),
      cursor_(folder),
      segments_(folder, pool, on_damage_, how),
      reader_(folder, segments_, pool) {}

// ---- what is there at the start

void spool::open() {
  if (const int error_number = cursor_.read()) throw system_error("read the spool's cursor", error_number);
  segments_.find();
  if (cursor_.damaged()) on_damage_("its cursor is damaged: everything that is in it is delivered again");
  settled_ = cursor_.place().value_or(segments_.empty() ? spool_place{} : segments_.first().head.begin);
  end_ = settled_;
  for (const auto& each : segments_.all())
    if (each.end.lines > end_.lines) end_ = each.end;
  synced_ = end_;
  for (std::size_t i = 0; how_ == access::exclusive && i < segments_.all().size();) {
    const auto& one = segments_.all()[i];
    // One without a line would have the name of the next that is begun.
    if (one.end.lines > settled_.lines && one.head.begin.lines < end_.lines)
      ++i;
    else if (const int error_number = segments_.remove(i))
      throw system_error("remove a segment of the spool that is settled", error_number);
  }
  reader_.begin(settled_, end_);
}

std::uint64_t spool::bytes() const {
  const auto coming = active_ ? active_->bytes() - active_->flushed_bytes() + record_header::bytes : 0;
  return segments_.bytes() + coming + (segments_.empty() ? 0 : spool_cursor::most_bytes);
}

// ---- writing

// How much of `lines` the active segment has room for.
std::uint64_t spool::fitting_bytes(const batch& lines) const {
  if (!active_) return 0;
  const auto used = active_->bytes() + 2 * record_header::bytes;  // with the record's head and the seal
  const auto room = limits_.most_bytes - std::min(limits_.most_bytes, bytes() + record_header::bytes);
  const auto here = limits_.segment_bytes - std::min(limits_.segment_bytes, used);
  const auto both = std::min(room, here);
  return both - std::min<std::uint64_t>(both, active_->record_bytes(lines) - record_header::bytes - lines.size);
}

spool::appended spool::append(std::span<const batch> lines) {
  using stopped = appended::stopped;
  appended done;
  std::size_t added_bytes = 0;
  tally added;
  const auto commit = [&] {
    if (const int error_number = flush()) {
      forget_empty();
      done.why = stopped::failed;
      done.error_number = error_number;
      return false;
    }
    done.bytes += std::exchange(added_bytes, 0);
    done.count += std::exchange(added, {});
    return true;
  };
  const auto add = [&](const batch& some) {
    active_->add(some);
    added_bytes += some.size;
    if (!some.marker) added += some.count;
  };

  for (const batch& each : lines) {
    for (batch rest = each; rest.size > 0;) {
      const auto fits = fitting_bytes(rest);
      const auto cut = one_record(rest, fits >= rest.size ? rest.size : line_end_before(rest.bytes(), rest.frames, fits));
      if (cut > 0) {
        add(cut == rest.size ? std::exchange(rest, {}) : split_front(rest, cut));
        continue;
      }
      // Not one line more. Either it gets a new segment, or, in one that has no line yet, all the room that is left.
      const auto first = rest.marker ? rest.size : line_end_from(rest.bytes(), rest.frames, 1);
      const auto needed = record_header::bytes + encode(*rest.from).size() + first;
      const auto most = limits_.most_bytes - std::min(limits_.most_bytes, segment_writer::overhead + spool_cursor::most_bytes);
      const bool has_lines = active_ && active_->end().lines + added.lines > active_->head().begin.lines;
      if (needed > most) {
        if (commit()) done.why = stopped::too_large;
        return done;
      }
      if (bytes() + needed + (active_ && !has_lines ? 0 : segment_writer::overhead + spool_cursor::most_bytes) > limits_.most_bytes) {
        if (!commit()) return done;
        done.why = stopped::full;
        return done;
      }
      if (active_ && !has_lines) {
        add(first == rest.size ? std::exchange(rest, {}) : split_front(rest, first));
        continue;
      }
      if (!commit()) return done;
      if (const int error_number = begin_segment(rest.time)) {
        done.why = stopped::failed;
        done.error_number = error_number;
        return done;
      }
    }
  }
  commit();
  return done;
}

int spool::flush() {
  if (!active_) return 0;
  const auto before = active_->flushed_bytes();
  if (const int error_number = active_->flush()) return error_number;
  end_ = active_->end();
  segments_.grow(active_->flushed_bytes(), end_);
  if (active_->flushed_bytes() > before) reader_.grown();
  return 0;
}

// A segment whose first lines were not written: what there is of them takes room, and it would keep the spool from being empty.
void spool::forget_empty() {
  if (!active_ || active_->flushed_bytes() > 0) return;
  active_.reset();
  segments_.forget_last();
  reader_.shrunk();
}

int spool::begin_segment(wall_time made) {
  // Before the first there must be a cursor, so that what is missing in front of it is not taken for lost.
  if (segments_.empty())
    if (const int error_number = write_cursor(limits_.syncs)) return error_number;
  std::unique_ptr<disk_file> file;
  if (const int error_number = folder_.create(segment_name(end_.lines), file)) return error_number;
  end_segment();
  const segment_header head{std::random_device{}(), end_, made};
  active_ = std::make_unique<segment_writer>(std::move(file), head);
  if (segments_.empty()) reader_.begin(end_, end_);
  segments_.add(head);
  new_names_ = true;
  return 0;
}

// The seal may fail: the next segment tells where this one ends, too.
void spool::end_segment() {
  if (!active_) return;
  active_->seal();
  segments_.grow(active_->flushed_bytes(), end_);
  segments_.end_last(active_->sealed());
  if (limits_.syncs) unsynced_.push_back(std::move(active_));
  active_.reset();
}

int spool::sync() {
  while (!unsynced_.empty()) {
    if (const int error_number = unsynced_.back()->sync()) return error_number;
    unsynced_.pop_back();
  }
  if (active_)
    if (const int error_number = active_->sync()) return error_number;
  if (new_names_)
    if (const int error_number = folder_.sync_names()) return error_number;
  new_names_ = false;
  synced_ = end_;
  return 0;
}

void spool::undo() {
  if (end_.lines <= synced_.lines) return;
  end_segment();
  unsynced_.clear();
  while (!segments_.empty() && segments_.last().head.begin.lines >= synced_.lines) segments_.forget_last();
  if (!segments_.empty() && segments_.last().end.lines > synced_.lines) segments_.last().end = synced_;
  end_ = synced_;
  reader_.shrunk();
}

void spool::skip(const spool_place& to) {
  end_ = settled_ = synced_ = to;
  reader_.begin(to, to);
}

// ---- giving up what is settled

int spool::settle(const spool_place& place, bool safely) {
  if (place.lines > settled_.lines) settled_ = place;
  bool written = false;
  while (!segments_.empty() && !segments_.first().active && segments_.first().end.lines <= settled_.lines &&
         !reader_.needs(segments_.first().number)) {
    if (!std::exchange(written, true))
      if (const int error_number = write_cursor(safely)) return error_number;
    if (const int error_number = remove_first()) return error_number;
  }
  return 0;
}

// What is delivered need not be safe any more.
int spool::remove_first() {
  std::erase_if(unsynced_, [&](const auto& each) { return each->head().begin == segments_.first().head.begin; });
  return segments_.remove_first();
}

int spool::write_cursor(bool safely) {
  if (!cursor_.place() || *cursor_.place() != settled_)
    if (const int error_number = cursor_.write(settled_)) return error_number;
  return safely ? cursor_.sync() : 0;
}

int spool::give_back() {
  if (settled_.lines < end_.lines || unread() || segments_.empty()) return 0;
  if (const int error_number = write_cursor(limits_.syncs)) return error_number;
  reader_.let_go();
  if (std::exchange(active_, nullptr)) segments_.end_last(false);
  while (!segments_.empty())
    if (const int error_number = remove_first()) return error_number;
  return 0;
}

int spool::close(bool safely) {
  if (settled_.lines >= end_.lines && !unread()) {
    const int error_number = give_back();
    return error_number != 0 ? error_number : cursor_.remove();
  }
  end_segment();
  const int cursor_error = write_cursor(safely);  // without it lines come twice, which is no reason to lose any
  const int error_number = safely ? sync() : 0;
  return error_number != 0 ? error_number : cursor_error;
}

int spool::prepend(std::span<const batch> lines, const spool_place& at) {
  std::unique_ptr<disk_file> file;
  if (const int error_number = folder_.create(segment_name(at.lines), file)) return error_number;
  segment_writer writer(std::move(file), {std::random_device{}(), at, lines.front().time});
  for (const auto& each : lines) writer.add(each);
  int error_number = writer.seal();
  if (error_number == 0) error_number = writer.sync();
  if (error_number == 0) error_number = folder_.sync_names();
  if (error_number != 0) return error_number;
  segments_.add_before({at.lines, writer.flushed_bytes(), writer.head(), writer.end(), true, false, false});
  if (segments_.all().size() == 1) end_ = synced_ = writer.end();
  settled_ = at;
  return write_cursor(true);
}

}  // namespace logrelay
