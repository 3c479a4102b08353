#include <logrelay/spool/spool_reader.hpp>

#include <algorithm>
#include <cerrno>

namespace logrelay {
namespace {

// How often a disk may say no to the same read before what it does not give is taken for lost.
constexpr int most_failures = 5;

// Leaves out lines in front that are settled, or a copy.
void skip_lines(batch& lines, std::uint64_t count) {
  line_cursor cursor(lines.bytes(), lines.frames);
  std::string_view line;
  for (; count > 0 && cursor.next(line); --count) {}
  static_cast<void>(split_front(lines, cursor.offset()));
}

}  // namespace

void spool_reader::begin(const spool_place& place, const spool_place& end) {
  let_go();
  read_ = place;
  all_read_ = place.lines >= end.lines;
  reading_ = segments_.empty() ? end.lines : segments_.first().number;
  offset_ = 0;
}

void spool_reader::pass_over(const spool_place& end) {
  let_go();
  read_ = end;
  all_read_ = true;
  if (segments_.empty()) return;
  reading_ = segments_.last().number;
  offset_ = segments_.last().bytes;
}

void spool_reader::shrunk() {
  let_go();
  if (segments_.empty() || reading_ > segments_.last().number) offset_ = 0;  // in a file that is gone
}

void spool_reader::let_go() {
  reader_.reset();
  file_.reset();
}

spool_reader::result spool_reader::read(const spool_place& end) {
  if (behind_hole_) {
    result next{found::lines, std::move(behind_hole_->lines), {}, {}, 0};
    read_ = behind_hole_->head.end();
    behind_hole_.reset();
    return next;
  }
  if (all_read_) return {};
  auto next = read_on(end);
  if (next.what == found::nothing) all_read_ = true;
  return next;
}

spool_reader::result spool_reader::read_on(const spool_place& end) {
  for (;;) {
    segment_part* const part = here();
    if (part == nullptr) return hole_before(end, {});
    if (const int error_number = open()) {
      if (error_number != ENOENT && ++failures_ < most_failures) return {found::failed, {}, {}, {}, error_number};
      part->damaged = error_number != ENOENT;
      if (!next_part()) return hole_before(end, {});
      continue;
    }
    spool_record record;
    const auto got = reader_->next(record, part->bytes);
    offset_ = reader_->offset();
    part->damaged = part->damaged || reader_->damaged();
    switch (got) {
      case segment_reader::found::failed:
        if (++failures_ < most_failures) return {found::failed, {}, {}, {}, reader_->error_number()};
        part->damaged = true;
        if (!next_part()) return hole_before(end, {});
        continue;
      case segment_reader::found::end:
        if (part->active || !next_part()) return hole_before(end, {});
        continue;
      case segment_reader::found::record: break;
    }
    failures_ = 0;
    const auto& head = record.head;
    if (head.kind == record_kind::notice ? head.begin.lines < read_.lines : head.end().lines <= read_.lines) continue;
    if (head.begin.lines < read_.lines) skip_lines(record.lines, read_.lines - head.begin.lines);
    if (head.begin.lines > read_.lines) {
      behind_hole_ = record;
      return hole_before(head.begin, head.time);
    }
    read_ = head.end();
    return {found::lines, std::move(record.lines), {}, {}, 0};
  }
}

segment_part* spool_reader::here() {
  segment_part* const part = segments_.from(reading_);
  if (part != nullptr && part->number > reading_) {
    reading_ = part->number;
    offset_ = 0;
    reader_.reset();
  }
  return part;
}

int spool_reader::open() {
  if (reader_) return 0;
  if (const int error_number = folder_.open(segment_name(reading_), file_)) return error_number;
  reader_ = std::make_unique<segment_reader>(*file_, here()->head, pool_, offset_);
  return 0;
}

// Goes on to the segment behind. False: there is none.
bool spool_reader::next_part() {
  failures_ = 0;
  if (segments_.empty() || reading_ >= segments_.last().number) return false;
  let_go();
  offset_ = 0;
  ++reading_;
  return here() != nullptr;
}

spool_reader::result spool_reader::hole_before(const spool_place& place, wall_time time) {
  if (place.lines <= read_.lines) return {};
  const tally lost{place.lines - read_.lines, place.bytes - std::min(place.bytes, read_.bytes)};
  read_ = place;
  return {found::hole, {}, lost, time, 0};
}

}  // namespace logrelay
