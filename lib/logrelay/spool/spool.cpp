#include <logrelay/spool/spool.hpp>

#include <logrelay/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace logrelay {
namespace {

constexpr std::uint64_t header_bytes = 2 * segment_header::bytes;
// How often a disk may say no to the same read before what it does not give is taken for lost.
constexpr int most_failures = 5;

bool is_bad(std::string_view name) { return name.ends_with(".bad"); }

// How much of the first `bytes`, which end a line, one record takes.
std::size_t one_record(const batch& lines, std::size_t bytes) {
  if (bytes <= segment_writer::most_lines_bytes) return bytes;
  const auto cut = line_end_before(lines.bytes(), lines.frames, segment_writer::most_lines_bytes);
  return cut > 0 ? cut : line_end_from(lines.bytes(), lines.frames, 1);
}

}  // namespace

spool::spool(disk& folder, const spool_limits& limits, const block_pool& pool, std::function<void(std::string)> on_damage, access how)
    : folder_(folder), limits_(limits), pool_(pool), on_damage_(std::move(on_damage)), how_(how), cursor_(folder) {}

// ---- what is there at the start

void spool::open() {
  std::vector<disk::entry> files;
  if (const int error_number = folder_.list(files)) throw system_error("list the spool's folder", error_number);
  if (const int error_number = cursor_.read()) throw system_error("read the spool's cursor", error_number);
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const auto& each : files) find_segment(each);
  find_ends();

  if (cursor_.damaged()) on_damage_("its cursor is damaged: everything that is in it is delivered again");
  settled_ = cursor_.place().value_or(segments_.empty() ? spool_place{} : segments_.front().head.begin);
  end_ = settled_;
  for (const auto& each : segments_)
    if (each.end.lines > end_.lines) end_ = each.end;
  read_ = settled_;
  synced_ = end_;
  for (auto it = segments_.begin(); how_ == access::exclusive && it != segments_.end();) {
    // One without a line would have the name of the next that is begun.
    const bool needed = it->end.lines > settled_.lines && it->head.begin.lines < end_.lines;
    if (needed) {
      ++it;
      continue;
    }
    const auto at = it - segments_.begin();
    if (const int error_number = remove_part(it)) throw system_error("remove a segment of the spool that is settled", error_number);
    it = segments_.begin() + at;
  }
  all_read_ = read_.lines >= end_.lines;
  reading_ = segments_.empty() ? 0 : segments_.front().number;
}

void spool::find_segment(const disk::entry& file) {
  const auto number = segment_number(file.name);
  if (!number) return;  // somebody else's
  std::unique_ptr<disk_file> opened;
  segment_ends ends;
  int error_number = folder_.open(file.name, opened);
  if (error_number == 0) error_number = look_at_ends(*opened, file.size, ends);
  if (error_number == ENOENT && how_ == access::look) return;  // its relay has just removed it
  if (error_number != 0) throw system_error("read the spool's " + file.name, error_number);
  if (ends.other_version != 0)
    throw error(fmt::format("unable to read the spool's {}: it is of version {}, and this logrelay reads version {}; drain it with the logrelay that wrote it",
                            file.name, ends.other_version, segment_header::version));
  if (ends.head && ends.head->begin.lines == *number) {
    segments_.push_back({*number, file.size, *ends.head, ends.sealed_at.value_or(ends.head->begin), ends.sealed_at.has_value(), false});
    part_bytes_ += file.size;
    return;
  }
  if (how_ == access::look) return;
  // Less than its two headers is what a crash leaves.
  error_number = !ends.head && file.size < header_bytes ? folder_.remove(file.name) : set_aside(file.name);
  if (error_number != 0) throw system_error("set the spool's " + file.name + " aside", error_number);
}

// Only the last segment is read for its end, should it have no seal: any other ends where the next begins.
void spool::find_ends() {
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    auto& one = segments_[i];
    const auto& next = segments_[i + 1].head.begin;
    if (!one.sealed || one.end.lines > next.lines) one.end = next;
  }
  if (segments_.empty() || segments_.back().sealed) return;
  auto& last = segments_.back();
  std::unique_ptr<disk_file> file;
  if (const int error_number = folder_.open(segment_name(last.number), file))
    throw system_error("read the spool's " + segment_name(last.number), error_number);
  segment_reader reader(*file, last.head, pool_);
  for (spool_record record;;) {
    const auto got = reader.next(record, last.bytes);
    if (got == segment_reader::found::failed)
      throw system_error("read the spool's " + segment_name(last.number), reader.error_number());
    if (got == segment_reader::found::end) break;
  }
  last.end = reader.end();
  last.damaged = reader.damaged();
}

std::uint64_t spool::bytes() const {
  const auto active = active_ ? active_->bytes() + record_header::bytes : 0;
  return part_bytes_ + active + (segments_.empty() ? 0 : spool_cursor::most_bytes);
}

std::vector<spool::segment_info> spool::segments() const {
  std::vector<segment_info> all;
  for (const auto& each : segments_)
    all.push_back({segment_name(each.number), is_active(each) ? active_->flushed_bytes() : each.bytes, each.head.begin,
                   is_active(each) ? active_->end() : each.end, each.sealed, each.damaged, is_active(each)});
  return all;
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
  end_ = segments_.back().end = active_->end();
  if (active_->flushed_bytes() > before) all_read_ = false;
  return 0;
}

int spool::begin_segment(wall_time made) {
  // Before the first there must be a cursor, so that what is missing in front of it is not taken for lost.
  if (segments_.empty())
    if (const int error_number = write_cursor(limits_.syncs)) return error_number;
  std::unique_ptr<disk_file> file;
  const auto number = end_.lines;
  if (const int error_number = folder_.create(segment_name(number), file)) return error_number;
  end_segment();
  const segment_header head{std::random_device{}(), end_, made};
  active_ = std::make_unique<segment_writer>(std::move(file), head);
  if (segments_.empty()) {
    reading_ = number;
    read_offset_ = 0;
  }
  segments_.push_back({number, 0, head, end_, false, false});
  new_names_ = true;
  return 0;
}

// The seal may fail: the next segment tells where this one ends, too.
void spool::end_segment() {
  if (!active_) return;
  active_->seal();
  auto& last = segments_.back();
  last.bytes = active_->flushed_bytes();
  last.sealed = active_->sealed();
  part_bytes_ += last.bytes;
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
  for (; !segments_.empty() && segments_.back().head.begin.lines >= synced_.lines; segments_.pop_back()) {
    part_bytes_ -= segments_.back().bytes;
    folder_.remove(segment_name(segments_.back().number));
  }
  if (!segments_.empty() && segments_.back().end.lines > synced_.lines) segments_.back().end = synced_;
  end_ = synced_;
  reader_.reset();
  read_file_.reset();
  if (segments_.empty() || reading_ > segments_.back().number) read_offset_ = 0;  // in a file that is gone
}

void spool::skip(const spool_place& to) {
  end_ = settled_ = read_ = synced_ = to;
  all_read_ = true;
}

// ---- reading

void spool::pass_over() {
  read_ = end_;
  all_read_ = true;
  reader_.reset();
  read_file_.reset();
  if (segments_.empty()) return;
  reading_ = segments_.back().number;
  read_offset_ = active_ ? active_->flushed_bytes() : segments_.back().bytes;
}

spool::read_result spool::read() {
  if (behind_hole_) {
    read_result next{found::lines, std::move(behind_hole_->lines), {}, {}, 0};
    read_ = behind_hole_->head.end();
    behind_hole_.reset();
    return next;
  }
  if (all_read_) return {};
  read_result next = read_on();
  if (next.what == found::nothing) all_read_ = true;
  return next;
}

spool::read_result spool::read_on() {
  for (;;) {
    part* const here = part_of_reader();
    if (here == nullptr) return hole_before(end_, {});
    if (const int error_number = open_reader()) {
      if (error_number != ENOENT && ++failures_ < most_failures) return {found::failed, {}, {}, {}, error_number};
      here->damaged = error_number != ENOENT;
      if (!next_part()) return hole_before(end_, {});
      continue;
    }
    spool_record record;
    const auto got = reader_->next(record, is_active(*here) ? active_->flushed_bytes() : here->bytes);
    read_offset_ = reader_->offset();
    here->damaged = here->damaged || reader_->damaged();
    switch (got) {
      case segment_reader::found::failed:
        if (++failures_ < most_failures) return {found::failed, {}, {}, {}, reader_->error_number()};
        here->damaged = true;
        if (!next_part()) return hole_before(end_, {});
        continue;
      case segment_reader::found::end:
        if (is_active(*here)) return hole_before(end_, {});
        if (next_part()) continue;
        return hole_before(end_, {});
      case segment_reader::found::record: break;
    }
    failures_ = 0;
    const auto& head = record.head;
    if (head.kind == record_kind::notice ? head.begin.lines < read_.lines : head.end().lines <= read_.lines) continue;
    if (head.begin.lines < read_.lines) {  // begun before: leave out what is settled, or a copy
      line_cursor cursor(record.lines.bytes(), record.lines.frames);
      std::string_view line;
      for (auto skip = read_.lines - head.begin.lines; skip > 0 && cursor.next(line); --skip) {}
      static_cast<void>(split_front(record.lines, cursor.offset()));
    }
    if (head.begin.lines > read_.lines) {
      behind_hole_ = record;
      return hole_before(head.begin, head.time);
    }
    read_ = head.end();
    return {found::lines, std::move(record.lines), {}, {}, 0};
  }
}

spool::part* spool::part_of_reader() {
  for (auto& each : segments_)
    if (each.number >= reading_) {
      if (each.number > reading_) {
        reading_ = each.number;
        read_offset_ = 0;
        reader_.reset();
      }
      return &each;
    }
  return nullptr;
}

int spool::open_reader() {
  if (reader_) return 0;
  if (const int error_number = folder_.open(segment_name(reading_), read_file_)) return error_number;
  reader_ = std::make_unique<segment_reader>(*read_file_, part_of_reader()->head, pool_, read_offset_);
  return 0;
}

// Goes on to the segment behind. False: there is none.
bool spool::next_part() {
  failures_ = 0;
  if (segments_.empty() || reading_ >= segments_.back().number) return false;
  reader_.reset();
  read_file_.reset();
  read_offset_ = 0;
  ++reading_;
  return part_of_reader() != nullptr;
}

spool::read_result spool::hole_before(const spool_place& place, wall_time time) {
  if (place.lines <= read_.lines) return {};
  const tally lost{place.lines - read_.lines, place.bytes - std::min(place.bytes, read_.bytes)};
  read_ = place;
  return {found::hole, {}, lost, time, 0};
}

// ---- giving up what is settled

int spool::settle(const spool_place& place, bool safely) {
  if (place.lines > settled_.lines) settled_ = place;
  bool written = false;
  while (!segments_.empty() && !is_active(segments_.front()) && segments_.front().end.lines <= settled_.lines &&
         (all_read_ || segments_.front().number < reading_)) {
    if (!std::exchange(written, true))
      if (const int error_number = write_cursor(safely)) return error_number;
    if (const int error_number = remove_part(segments_.begin())) return error_number;
  }
  return 0;
}

int spool::write_cursor(bool safely) {
  if (!cursor_.place() || *cursor_.place() != settled_)
    if (const int error_number = cursor_.write(settled_)) return error_number;
  return safely ? cursor_.sync() : 0;
}

int spool::give_back() {
  if (settled_.lines < end_.lines || !all_read_ || segments_.empty()) return 0;
  if (const int error_number = write_cursor(limits_.syncs)) return error_number;
  reader_.reset();
  read_file_.reset();
  if (active_) {
    part_bytes_ += segments_.back().bytes = active_->flushed_bytes();
    active_.reset();
  }
  unsynced_.clear();
  while (!segments_.empty())
    if (const int error_number = remove_part(segments_.begin())) return error_number;
  return 0;
}

int spool::close(bool safely) {
  if (settled_.lines >= end_.lines && all_read_) {
    const int error_number = give_back();
    return error_number != 0 ? error_number : cursor_.remove();
  }
  end_segment();
  int error_number = write_cursor(safely);
  if (error_number == 0 && safely) error_number = sync();
  return error_number;
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
  segments_.push_front({at.lines, writer.flushed_bytes(), writer.head(), writer.end(), true, false});
  part_bytes_ += writer.flushed_bytes();
  if (segments_.size() == 1) end_ = writer.end();
  settled_ = at;
  return write_cursor(true);
}

int spool::remove_part(std::deque<part>::iterator gone) {
  const auto name = segment_name(gone->number);
  const int error_number = gone->damaged ? set_aside(name) : folder_.remove(name);
  if (error_number != 0 && error_number != ENOENT) return error_number;
  part_bytes_ -= gone->bytes;
  segments_.erase(gone);
  return 0;
}

// What is damaged is kept for a look, in a number that is bounded.
int spool::set_aside(const std::string& name) {
  const auto bad = name.substr(0, name.rfind('.')) + ".bad";
  if (const int error_number = folder_.rename(name, bad)) return error_number;
  on_damage_(fmt::format("its segment {} is damaged, and kept as {}", name, bad));
  std::vector<disk::entry> files;
  if (const int error_number = folder_.list(files)) return error_number;
  std::erase_if(files, [](const auto& each) { return !is_bad(each.name); });
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (std::size_t i = 0; i + most_bad < files.size(); ++i) folder_.remove(files[i].name);
  return 0;
}

}  // namespace logrelay
