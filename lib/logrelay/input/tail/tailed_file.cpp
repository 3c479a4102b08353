#include <logrelay/input/tail/tailed_file.hpp>

#include <logrelay/util/crc32c.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace logrelay {
namespace {

constexpr std::size_t last_bytes = 64;
constexpr std::uint64_t most_looked_back = 1024 * 1024;

std::string read_at(const fd& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t n = ::pread(file.get(), bytes.data(), size, static_cast<off_t>(offset));
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

}  // namespace

std::string read_head(const fd& file, std::size_t size) { return read_at(file, 0, size); }

std::uint64_t last_line_end(const fd& file, std::uint64_t size) {
  char part[4096];
  for (std::uint64_t end = size; end > 0 && size - end < most_looked_back;) {
    const auto wanted = std::min<std::uint64_t>(end, sizeof part);
    const auto n = ::pread(file.get(), part, wanted, static_cast<off_t>(end - wanted));
    if (n != static_cast<ssize_t>(wanted)) break;
    const auto newline = std::string_view(part, wanted).rfind('\n');
    if (newline != std::string_view::npos) return end - wanted + newline + 1;
    end -= wanted;
    if (end == 0) return 0;
  }
  return size;
}

bool begins_as(const fd& file, const file_position& position) {
  struct stat what {};
  if (::fstat(file.get(), &what) != 0 || static_cast<std::uint64_t>(what.st_size) < position.offset) return false;
  const auto head = read_head(file, position.head_size);
  return head.size() == position.head_size && crc32c(head) == position.head_crc;
}

tailed_file::tailed_file(fd file, file_position at, surroundings around)
    : path(at.path), file_(std::move(file)), device_(at.device), inode_(at.inode), offset_(at.offset), sealed_(at.offset),
      book_(around.sink, std::move(around.on_settled)), framer_(around.memory, around.rules, std::move(around.from), book_, around.counters) {
  auto head = read_head(file_, static_cast<std::size_t>(std::min<std::uint64_t>(offset_, most_head_bytes)));
  const auto last = std::min<std::uint64_t>(offset_, last_bytes);
  last_ = read_at(file_, offset_ - last, static_cast<std::size_t>(last));
  pasts_.push_back({std::move(at), std::move(head)});
}

tailed_file::state tailed_file::look() {
  if (copy_) return state::as_known;
  struct stat what {};
  if (::fstat(file_.get(), &what) != 0) return state::failed;
  const bool same = static_cast<std::uint64_t>(what.st_size) >= offset_ && read_head(file_, pasts_.back().head.size()) == pasts_.back().head &&
                    read_at(file_, offset_ - last_.size(), last_.size()) == last_;
  return same ? state::as_known : state::truncated;
}

fd tailed_file::find_copy(const std::vector<std::string>& paths) const {
  if (offset_ == 0) return {};
  auto known = position_of(pasts_.back());
  known.offset = offset_;
  fd best;
  timespec age{};
  for (const auto& each : paths) {
    fd file(::open(each.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat what {};
    if (!file || ::fstat(file.get(), &what) != 0 || is(what.st_dev, what.st_ino) || !begins_as(file, known)) continue;
    const bool newer = !best || what.st_mtim.tv_sec > age.tv_sec || (what.st_mtim.tv_sec == age.tv_sec && what.st_mtim.tv_nsec > age.tv_nsec);
    if (!newer) continue;
    age = what.st_mtim;
    best = std::move(file);
  }
  return best;
}

void tailed_file::begin_anew(fd copy) {
  struct stat what {};
  if (!copy || ::fstat(copy.get(), &what) != 0) return next_past();
  pasts_.back().position.device = what.st_dev;
  pasts_.back().position.inode = what.st_ino;
  copy_ = std::move(copy);
}

void tailed_file::next_past() {
  file_position from;
  from.device = device_;
  from.inode = inode_;
  from.path = path;
  pasts_.push_back({std::move(from), {}});
  offset_ = sealed_ = 0;
  last_.clear();
}

ssize_t tailed_file::read_some(std::span<char> into) const {
  const fd& from = copy_ ? copy_ : file_;
  return ::pread(from.get(), into.data(), into.size(), static_cast<off_t>(offset_));
}

void tailed_file::took(std::string_view bytes, wall_time now) {
  auto& head = pasts_.back().head;
  head += bytes.substr(0, most_head_bytes - head.size());
  if (bytes.size() >= last_bytes) last_.clear();
  last_ += bytes.substr(bytes.size() - std::min(bytes.size(), last_bytes));
  if (last_.size() > last_bytes) last_.erase(0, last_.size() - last_bytes);
  offset_ += bytes.size();
  framer_.commit(bytes.size(), now);
  // A line that was begun before a truncation ends behind it: until then nothing of the new beginning is settled.
  const std::uint64_t unfinished = framer_.unfinished_bytes();
  const auto end = unfinished > offset_ ? 0 : offset_ - unfinished;
  if (end == sealed_) return;
  sealed_ = end;
  marks_.push_back({first_past_ + pasts_.size() - 1, end});
  book_.seal(end);
}

bool tailed_file::leave_copy() {
  if (!copy_) return false;
  copy_.reset();
  next_past();
  return true;
}

bool tailed_file::has(dev_t device, ino_t inode) const {
  return is(device, inode) || std::any_of(pasts_.begin(), pasts_.end(), [&](const past& each) {
    return each.position.device == device && each.position.inode == inode;
  });
}

void tailed_file::finish(wall_time now) {
  framer_.finish(now);
  if (sealed_ != offset_) {
    marks_.push_back({first_past_ + pasts_.size() - 1, offset_});
    book_.seal(offset_);
  }
  copy_.reset();
  file_.reset();
}

bool tailed_file::settle(std::vector<file_position>& history) {
  bool any = false;
  while (book_.next()) {
    const mark& one = marks_.front();
    pasts_[one.past - first_past_].position.offset = one.end;
    marks_.pop_front();
    any = true;
  }
  // What is settled to its end and has a successor is history.
  while (pasts_.size() > 1 && (marks_.empty() || marks_.front().past > first_past_)) {
    history.push_back(position_of(pasts_.front()));
    pasts_.pop_front();
    ++first_past_;
    any = true;
  }
  return any;
}

file_position tailed_file::position_of(const past& one) const {
  auto position = one.position;
  position.head_size = static_cast<std::uint32_t>(one.head.size());
  position.head_crc = crc32c(one.head);
  return position;
}

void tailed_file::append_positions(std::vector<file_position>& to) const {
  for (const auto& each : pasts_) {
    to.push_back(position_of(each));
    to.back().done = over();
  }
}

}  // namespace logrelay
