#include <logrelay/spool/segment.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace logrelay {
namespace {

constexpr std::string_view suffix = ".segment";
constexpr std::size_t digits = 20;
constexpr std::uint64_t first_record = 2 * segment_header::bytes;
// What is read at once: a block of the pool, so that the same few go around.
constexpr std::size_t chunk_bytes = block_pool::standard_bytes;

iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::string segment_name(std::uint64_t first_line) { return fmt::format("{:020}{}", first_line, suffix); }

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(name.data(), name.data() + digits, number);
  if (ec != std::errc() || end != name.data() + digits) return std::nullopt;
  return number;
}

segment_writer::segment_writer(std::unique_ptr<disk_file> file, const segment_header& head)
    : file_(std::move(file)), head_(head), end_(head.begin), added_end_(head.begin) {
  forget();
}

void segment_writer::add(const batch& lines) {
  record_header head;
  head.begin = added_end_;
  head.time = lines.time;
  head.count = lines.marker ? tally{} : lines.count;
  head.kind = lines.marker ? record_kind::notice : record_kind::lines;
  head.frames = lines.frames;
  put(head, encoded(lines), lines.bytes());
}

void segment_writer::put(const record_header& given, std::string_view from, std::string_view bytes) {
  record_header head = given;
  head.size = static_cast<std::uint32_t>(bytes.size());
  head.source_size = static_cast<std::uint16_t>(from.size());
  head.body_sum = body_sum(head_.salt, from, bytes);
  heads_.push_back(encode(head, head_.salt));
  pieces_.push_back(piece({heads_.back().data(), heads_.back().size()}));
  if (!from.empty()) pieces_.push_back(piece(from));
  if (!bytes.empty()) pieces_.push_back(piece(bytes));
  added_ += head.whole_size();
  added_end_ = head.end();
}

const std::string& segment_writer::encoded(const batch& lines) {
  if (sources_.empty() || last_source_ != lines.from) {
    sources_.push_back(encode(*lines.from));
    last_source_ = lines.from;
  }
  return sources_.back();
}

int segment_writer::flush() {
  if (added_end_ == end_ && heads_.empty()) return 0;
  const int error_number = file_->write(flushed_, pieces_);
  if (error_number == 0) {
    flushed_ += added_;
    end_ = added_end_;
  }
  forget();
  return error_number;
}

int segment_writer::seal() {
  record_header head;
  head.begin = added_end_;
  head.kind = record_kind::seal;
  put(head, {}, {});
  const int error_number = flush();
  sealed_ = error_number == 0;
  return error_number;
}

int segment_writer::sync() { return file_->sync(); }

// What was added is written, or is not to count. Before the first record come the headers.
void segment_writer::forget() {
  heads_.clear();
  sources_.clear();
  last_source_.reset();
  pieces_.clear();
  headers_.clear();
  added_ = 0;
  added_end_ = end_;
  if (flushed_ > 0) return;
  headers_.push_back(encode(head_));
  pieces_.assign(2, piece({headers_.back().data(), headers_.back().size()}));
  added_ = first_record;
}

segment_reader::segment_reader(disk_file& file, const segment_header& head, const block_pool& pool, std::uint64_t offset)
    : file_(file), salt_(head.salt), pool_(pool), offset_(std::max(offset, first_record)), end_(head.begin) {}

segment_reader::found segment_reader::next(spool_record& into, std::uint64_t limit) {
  error_number_ = 0;
  while (!sealed_ && offset_ < limit) {
    const auto head = decode_record_header(see(record_header::bytes, limit), salt_);
    if (error_number_ != 0) return found::failed;
    if (!head) {
      if (!find_next(limit)) return error_number_ != 0 ? found::failed : found::end;
      continue;
    }
    if (head->whole_size() > limit - offset_) return found::end;
    const auto whole = see(head->whole_size(), limit);
    if (error_number_ != 0) return found::failed;
    if (whole.size() < head->whole_size()) return found::end;  // somebody has cut the file
    const auto from = whole.substr(record_header::bytes, head->source_size);
    const auto bytes = whole.substr(record_header::bytes + head->source_size);
    const auto at = std::exchange(offset_, offset_ + whole.size());
    if (head->end().lines > end_.lines) end_ = head->end();
    if (body_sum(salt_, from, bytes) != head->body_sum) {
      damaged_ = true;
      continue;
    }
    if (head->kind == record_kind::seal) {
      sealed_ = true;
      break;
    }
    const bool notice = head->kind == record_kind::notice;
    into.head = *head;
    into.lines = {chunk_, bytes.data(), head->size, head->frames, notice, head->count, head->time, source_of(from)};
    into.offset = at;
    return found::record;
  }
  return found::end;
}

// The next `bytes` bytes in one piece of memory; fewer where `limit` is nearer.
std::string_view segment_reader::see(std::size_t bytes, std::uint64_t limit) {
  bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, limit - offset_));
  if (offset_ < chunk_offset_ || offset_ + bytes > chunk_offset_ + chunk_size_) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(bytes, chunk_bytes), limit - offset_));
    auto next = pool_.take(wanted > chunk_bytes / 2 && wanted < chunk_bytes ? chunk_bytes : wanted);
    // A record that is cut by the chunk's end goes on in the next.
    const auto kept = offset_ < chunk_offset_ ? 0 : chunk_size_ - std::min<std::uint64_t>(chunk_size_, offset_ - chunk_offset_);
    if (kept > 0) std::memcpy(next->data(), chunk_->data() + (offset_ - chunk_offset_), kept);
    chunk_ = std::move(next);
    chunk_offset_ = offset_;
    error_number_ = file_.read(offset_ + kept, {chunk_->data() + kept, wanted - kept}, chunk_size_);
    chunk_size_ = error_number_ != 0 ? 0 : chunk_size_ + kept;
    bytes = std::min(bytes, chunk_size_);
  }
  return {chunk_->data() + (offset_ - chunk_offset_), bytes};
}

// Goes on to the next bytes that are a record's head, over what is none. False: there are no more before `limit`.
bool segment_reader::find_next(std::uint64_t limit) {
  const auto bad = offset_;
  for (++offset_; offset_ < limit;) {
    const auto rest = see(std::max<std::size_t>(record_header::bytes, chunk_size_ - std::min<std::size_t>(chunk_size_, offset_ - chunk_offset_)), limit);
    if (error_number_ != 0 || rest.size() < record_header::bytes) break;
    const auto at = rest.find(record_header::magic);
    if (at == std::string_view::npos) {
      offset_ += rest.size() - (record_header::magic.size() - 1);
      continue;
    }
    offset_ += at;
    const auto head = see(record_header::bytes, limit);
    if (error_number_ != 0) break;
    if (decode_record_header(head, salt_)) return damaged_ = true;
    ++offset_;
  }
  offset_ = bad;
  if (error_number_ == 0) judge_tail(limit);
  return false;
}

// A crash leaves less than a head, or zeros where the file grew before its bytes came. Anything else is damage.
void segment_reader::judge_tail(std::uint64_t limit) {
  const auto bad = offset_;
  for (bool rest = limit - offset_ >= record_header::bytes; rest && offset_ < limit && error_number_ == 0;) {
    const auto bytes = see(chunk_bytes, limit);
    if (bytes.empty() || bytes.find_first_not_of('\0') != std::string_view::npos) {
      damaged_ = true;
      break;
    }
    offset_ += bytes.size();
  }
  offset_ = bad;
}

std::shared_ptr<const source> segment_reader::source_of(std::string_view bytes) {
  if (!last_source_ || last_source_bytes_ != bytes) {
    last_source_bytes_ = bytes;
    last_source_ = decode_source(bytes);
  }
  return last_source_;
}

int look_at_ends(disk_file& file, std::uint64_t size, segment_ends& ends) {
  ends = {};
  char first[2 * segment_header::bytes];
  std::size_t got = 0;
  if (const int error_number = file.read(0, first, got)) return error_number;
  auto decoded = decode_segment_header({first, got});
  ends.head = decoded.head;
  ends.other_version = decoded.other_version;
  if (!ends.head || size < first_record + record_header::bytes) return 0;
  char last[record_header::bytes];
  if (const int error_number = file.read(size - sizeof last, last, got)) return error_number;
  const auto seal = decode_record_header({last, got}, ends.head->salt);
  if (seal && seal->kind == record_kind::seal) ends.sealed_at = seal->begin;
  return 0;
}

}  // namespace logrelay
