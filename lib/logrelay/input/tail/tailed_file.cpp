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

std::uint64_t last_line_end(const fd& file) {
  struct stat what {};
  if (::fstat(file.get(), &what) != 0) return 0;
  const auto size = static_cast<std::uint64_t>(what.st_size);
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
    : path(at.path), file_(std::move(file)), device_(at.device), inode_(at.inode), offset_(at.offset),
      last_(read_at(file_, offset_ - std::min<std::uint64_t>(offset_, last_bytes), std::min<std::uint64_t>(offset_, last_bytes))),
      account_(std::make_unique<file_account>(std::move(at), read_head(file_, std::min<std::uint64_t>(offset_, most_head_bytes)), around.sink,
                                              std::move(around.on_settled))),
      framer_(around.memory, around.rules, std::move(around.from), account_->sink(), around.counters) {}

tailed_file::state tailed_file::look() {
  if (copy_) return state::as_known;
  struct stat what {};
  if (::fstat(file_.get(), &what) != 0) return state::failed;
  const bool same = static_cast<std::uint64_t>(what.st_size) >= offset_ && read_head(file_, account_->head().size()) == account_->head() &&
                    read_at(file_, offset_ - last_.size(), last_.size()) == last_;
  return same ? state::as_known : state::truncated;
}

fd tailed_file::find_copy(const std::vector<std::string>& paths) const {
  if (offset_ == 0) return {};
  const auto known = account_->now_at(offset_);
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
  account_->goes_on_in(what.st_dev, what.st_ino);
  copy_ = std::move(copy);
}

void tailed_file::next_past() {
  file_position from;
  from.device = device_;
  from.inode = inode_;
  from.path = path;
  account_->begin_past(std::move(from));
  offset_ = 0;
  last_.clear();
}

ssize_t tailed_file::read_some(std::span<char> into) const {
  const fd& from = copy_ ? copy_ : file_;
  return ::pread(from.get(), into.data(), into.size(), static_cast<off_t>(offset_));
}

void tailed_file::took(std::string_view bytes, wall_time now) {
  account_->add_to_head(bytes);
  if (bytes.size() >= last_bytes) last_.clear();
  last_ += bytes.substr(bytes.size() - std::min(bytes.size(), last_bytes));
  if (last_.size() > last_bytes) last_.erase(0, last_.size() - last_bytes);
  offset_ += bytes.size();
  framer_.commit(bytes.size(), now);
  // A line that was begun before a truncation ends behind it: until then nothing of the new beginning is settled.
  const std::uint64_t unfinished = framer_.unfinished_bytes();
  account_->seal(unfinished > offset_ ? 0 : offset_ - unfinished);
}

bool tailed_file::leave_copy() {
  if (!copy_) return false;
  copy_.reset();
  next_past();
  return true;
}

bool tailed_file::has(dev_t device, ino_t inode) const { return is(device, inode) || account_->has_been(device, inode); }

void tailed_file::finish(wall_time now) {
  framer_.finish(now);
  account_->seal(offset_);
  copy_.reset();
  file_.reset();
}

tailed_file::left tailed_file::hand_over() {
  auto place = account_->now_at(account_->sealed());
  place.done = !is_open();
  return {std::move(place), std::move(copy_ ? copy_ : file_), account_->read_pasts(), std::move(account_)};
}

}  // namespace logrelay
