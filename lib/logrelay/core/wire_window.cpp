#include <logrelay/core/wire_window.hpp>

#include <algorithm>

namespace logrelay {
namespace {

constexpr std::size_t most_pieces = 64;
// As many as a listener fills before it writes; what is given back to the system is cleared by it page by page.
constexpr std::size_t most_spares = 4;
constexpr std::size_t most_spare_bytes = 256 * 1024, most_spare_marks = 4096;

iovec piece_of(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

// Whether its lines are found by their frames, and not by marks.
bool has_frames(const wire_chunk& chunk) { return !chunk.built || chunk.again; }

// The first mark behind `wire` written bytes.
std::size_t mark_behind(const wire_chunk& chunk, std::size_t wire) {
  return static_cast<std::size_t>(std::upper_bound(chunk.marks.begin(), chunk.marks.end(), wire,
                                                   [](std::size_t at, const wire_mark& mark) { return at < mark.wire_end; }) -
                                  chunk.marks.begin());
}

// The last line end at or before `wire` bytes of the chunk; 0 where there is none.
std::size_t end_before(const wire_chunk& chunk, std::size_t wire) {
  if (has_frames(chunk)) return line_end_before(chunk.bytes(), chunk.lines.frames, wire);
  const std::size_t behind = mark_behind(chunk, wire);
  return behind == 0 ? 0 : chunk.marks[behind - 1].wire_end;
}

// The same bytes with a mark for each line, so that one of them can have another fate than the others.
void build_as_it_is(wire_chunk& chunk) {
  chunk.wire = chunk.lines.bytes();
  line_cursor cursor(chunk.wire, chunk.lines.frames);
  for (std::string_view line; cursor.next(line);) {
    const auto end = static_cast<std::uint32_t>(cursor.offset());
    chunk.marks.push_back({end, end, chunk.lines.marker ? 0 : static_cast<std::uint32_t>(line.size() + 1), 0, 0, false});
  }
  chunk.built = true;
}

}  // namespace

void wire_window::add(wire_chunk&& chunk) {
  chunks_.push_back(std::move(chunk));  // throws before anything has changed
  unwritten_ += chunks_.back().bytes().size();
  if (at_ + 1 == chunks_.size() && chunks_.back().bytes().empty()) ++at_;
}

wire_chunk wire_window::spare() {
  if (spares_.empty()) return {};
  wire_chunk chunk = std::move(spares_.back());
  spares_.pop_back();
  return chunk;
}

void wire_window::keep(wire_chunk&& settled) {
  if (!settled.built || settled.again || spares_.size() == most_spares) return;
  if (settled.wire.capacity() > most_spare_bytes || settled.marks.capacity() > most_spare_marks) return;
  settled.wire.clear();
  settled.marks.clear();
  settled.route.clear();
  settled.lines = {};
  spares_.push_back(std::move(settled));
}

const outgoing& wire_window::next() {
  pieces_.clear();
  piece_bytes_ = 0;
  std::size_t from = offset_;
  for (std::size_t at = at_; at < chunks_.size() && pieces_.size() < most_pieces; ++at, from = 0) {
    const wire_chunk& chunk = chunks_[at];
    if (chunk.route != chunks_[at_].route) break;
    if (!datagrams_) {
      const auto rest = chunk.bytes().substr(from);
      if (!rest.empty()) pieces_.push_back(piece_of(rest));
      piece_bytes_ += rest.size();
      continue;
    }
    for (std::size_t each = mark_behind(chunk, from); each < chunk.marks.size() && pieces_.size() < most_pieces; ++each) {
      const std::size_t to = chunk.marks[each].wire_end;
      pieces_.push_back(piece_of(chunk.bytes().substr(from, to - 1 - from)));  // without the terminator
      piece_bytes_ += to - from;
      from = to;
    }
  }
  return *this;
}

void wire_window::wrote(std::size_t taken) {
  if (datagrams_) {
    std::size_t bytes = 0;
    for (std::size_t each = 0; each < taken; ++each) bytes += pieces_[each].iov_len + 1;
    taken = bytes;
  }
  unwritten_ -= taken;
  written_ += taken;
  while (at_ < chunks_.size()) {
    const std::size_t here = std::min(taken, chunks_[at_].bytes().size() - offset_);
    offset_ += here;
    taken -= here;
    if (offset_ < chunks_[at_].bytes().size()) break;
    ++at_;
    offset_ = 0;
  }
}

void wire_window::reject_next() {
  wire_chunk& chunk = chunks_[at_];
  if (!chunk.built) build_as_it_is(chunk);
  if (!chunk.again) chunk.marks[mark_behind(chunk, offset_)].rejected = true;
  const std::size_t line = first_line_end();
  next();
  wrote(datagrams_ ? 1 : line);
}

void wire_window::reject_written(std::uint64_t end) {
  std::uint64_t begin = front_;
  for (wire_chunk& chunk : chunks_) {
    if (end - begin > chunk.bytes().size()) {
      begin += chunk.bytes().size();
      continue;
    }
    if (!chunk.built) build_as_it_is(chunk);
    if (const auto at = mark_behind(chunk, static_cast<std::size_t>(end - begin) - 1); at < chunk.marks.size()) chunk.marks[at].rejected = true;
    return;
  }
}

void wire_window::settle(std::uint64_t bytes, queue& from) {
  settled what;
  std::size_t source = 0;
  while (!chunks_.empty()) {
    wire_chunk& front = chunks_.front();
    const std::size_t size = front.bytes().size();
    const auto through = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - front_, size));
    const std::size_t before = settled_wire_;
    source += settle_chunk(front, through, what);
    if (resend_.keeps()) resend_.append(front.bytes().substr(before, settled_wire_ - before));
    if (through < size || at_ == 0) break;
    front_ += size;
    settled_wire_ = settled_source_ = 0;
    keep(std::move(front));
    chunks_.pop_front();
    --at_;
  }
  if (source > 0) from.ack(source, what);
}

// Adds what became of the lines up to `through` wire bytes; returns the source bytes that are settled with them.
std::size_t wire_window::settle_chunk(wire_chunk& chunk, std::size_t through, settled& what) {
  const bool all = through == chunk.bytes().size();
  const std::size_t source_before = settled_source_;
  if (has_frames(chunk)) {
    if (through <= settled_wire_) return 0;
    // From the last settled line's end: a walk over counted frames begins where the last one ended.
    const auto rest = chunk.bytes().substr(settled_wire_);
    const std::size_t to = settled_wire_ + (all ? rest.size() : logrelay::line_end_before(rest, chunk.lines.frames, through - settled_wire_));
    if (to == settled_wire_) return 0;
    if (chunk.again) return settled_wire_ = to, 0;
    if (!chunk.lines.marker)
      what.delivered += all && settled_wire_ == 0
                            ? chunk.lines.count
                            : count_lines(chunk.bytes().substr(settled_wire_, to - settled_wire_), chunk.lines.frames);
    settled_wire_ = settled_source_ = to;
    return settled_source_ - source_before;
  }
  for (std::size_t each = mark_behind(chunk, settled_wire_); each < chunk.marks.size() && chunk.marks[each].wire_end <= through; ++each) {
    const wire_mark& mark = chunk.marks[each];
    what.filtered += {mark.filtered_lines, mark.filtered_bytes};
    if (mark.line_bytes > 0) (mark.rejected ? what.rejected : what.delivered) += {1, mark.line_bytes};
    if (mark.rejected && chunk.lines.owed) chunk.lines.owed->lose(1);  // it is settled when the queue is told
    settled_wire_ = mark.wire_end;
    settled_source_ = mark.source_end;
  }
  if (all && settled_source_ < chunk.lines.size) {  // filtered lines behind the last one that passed
    what.filtered += count_lines(chunk.lines.bytes().substr(settled_source_), chunk.lines.frames);
    settled_source_ = chunk.lines.size;
  }
  return settled_source_ - source_before;
}

std::size_t wire_window::torn_bytes() const {
  return offset_ == 0 ? 0 : offset_ - end_before(chunks_[at_], offset_);
}

void wire_window::clear() {
  for (std::size_t i = 0; i < chunks_.size() && chunks_[i].again; ++i)  // they were to be sent again, and still are
    resend_.append(chunks_[i].bytes().substr(i == 0 ? settled_wire_ : 0));
  chunks_.clear();
  pieces_.clear();
  at_ = offset_ = unwritten_ = piece_bytes_ = settled_wire_ = settled_source_ = 0;
  written_ = front_ = again_ = 0;
}

void wire_window::send_again() {
  for (auto& each : resend_.take()) {
    wire_chunk chunk;
    chunk.built = chunk.again = true;
    chunk.lines.frames = resend_.frames();
    chunk.wire = std::move(each);
    again_ += chunk.wire.size();
    add(std::move(chunk));
  }
}

std::size_t wire_window::kept_bytes() const {
  std::size_t bytes = resend_.bytes();
  for (std::size_t i = 0; i < chunks_.size() && chunks_[i].again; ++i) bytes += chunks_[i].bytes().size() - (i == 0 ? settled_wire_ : 0);
  return bytes;
}

bool wire_window::keep(const kept_lines& lines) {
  if (!resend_.keeps() || resend_.frames() != lines.frames) return false;
  for (const auto& each : lines.pieces) resend_.append(each);
  return true;
}

std::size_t wire_window::line_end_before(std::size_t limit) const {
  std::size_t passed = 0;
  std::size_t from = offset_;
  for (std::size_t at = at_; at < chunks_.size(); ++at, from = 0) {
    const std::size_t rest = chunks_[at].bytes().size() - from;
    if (passed + rest > limit) {
      const std::size_t end = end_before(chunks_[at], from + (limit - passed));
      return end > from ? passed + end - from : passed;
    }
    passed += rest;
  }
  return passed;
}

std::size_t wire_window::first_line_end() const {
  const wire_chunk& chunk = chunks_[at_];
  if (!has_frames(chunk)) return chunk.marks[mark_behind(chunk, offset_)].wire_end - offset_;
  return line_end_from(chunk.bytes(), chunk.lines.frames, offset_ + 1) - offset_;
}

}  // namespace logrelay
