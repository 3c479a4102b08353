#include <logrelay/input/tail/followed_files.hpp>

#include <logrelay/error.hpp>
#include <logrelay/input/tail/follower.hpp>
#include <logrelay/input/tail/path_pattern.hpp>
#include <logrelay/util/crc32c.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace logrelay {
namespace {

constexpr std::size_t most_remembered = 256;
constexpr std::uint64_t most_looked_back = 1024 * 1024;

bool before(const timespec& a, const timespec& b) { return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec; }

timespec changed(const fd& file) {
  struct stat what {};
  return ::fstat(file.get(), &what) == 0 ? what.st_mtim : timespec{};
}

// Behind the last newline, so that the first line is a whole one; a line that has no beginning in sight is begun in its middle.
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

}  // namespace

followed_files::followed_files(const tail_rules& rules, watches watching, std::vector<file_position> found, bool first, timespec looked, maker make, speaker say)
    : rules_(rules), make_(std::move(make)), say_(std::move(say)), watching_(std::move(watching)), found_(std::move(found)), first_(first), looked_(looked) {}

void followed_files::search(steady_time now) {
  now_ = now;
  timespec begins{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &begins);
  auto found = find_paths(rules_.pattern);
  watching_.set_folders(found.folders);
  matched_ = std::move(found.files);
  for (const auto& each : files_) each->matched = false;
  if (!searched_) resume();
  std::vector<candidate> fresh;
  for (const auto& path : matched_)
    if (auto one = look_at(path)) fresh.push_back(std::move(*one));
  for (const auto& each : files_) {
    if (!each->is_open() || each->matched || each->rotated) continue;
    each->rotated = true;
    each->last_growth = now;
    led_to_[each->path] = changed(each->file());
  }
  for (auto& each : fresh) take_in(std::move(each));
  searched_ = true;
  looked_ = begins;
}

// What is followed already is only told that its path still leads to it.
std::optional<followed_files::candidate> followed_files::look_at(const std::string& path) {
  struct stat what {};
  if (::stat(path.c_str(), &what) != 0) return {};
  if (!S_ISREG(what.st_mode)) return say_once(path, "it is no regular file"), std::nullopt;
  if (auto* const file = followed(what.st_dev, what.st_ino)) {
    // Else a copy, of which what was missing is read.
    if (file->is(what.st_dev, what.st_ino) && is_matched(path)) {
      file->matched = true;
      file->rotated = false;
    }
    return {};
  }
  candidate one{fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), path, {}, {}};
  if (!one.file) {
    if (errno != ENOENT) say_once(path, error_text(errno));
    return {};
  }
  if (::fstat(one.file.get(), &what) != 0 || followed(what.st_dev, what.st_ino)) return {};  // renamed in between: the next search sees it
  complained_.erase(path);
  one.place.device = what.st_dev;
  one.place.inode = what.st_ino;
  one.place.path = path;
  one.changed = what.st_mtim;
  return one;
}

tailed_file* followed_files::followed(dev_t device, ino_t inode) const {
  const auto found = std::find_if(files_.begin(), files_.end(), [&](const auto& each) { return each->has(device, inode); });
  return found == files_.end() ? nullptr : found->get();
}

const file_position* followed_files::remembered(const candidate& one) const {
  const auto found = std::find_if(done_.begin(), done_.end(), [&](const file_position& each) {
    return each.device == one.place.device && each.inode == one.place.inode && begins_as(one.file, each);
  });
  return found == done_.end() ? nullptr : &*found;
}

// The name of a rotated file while the path that it was rotated from still leads to the same file: somebody copies that one.
bool followed_files::may_be_copy(const candidate& one) const {
  return std::any_of(files_.begin(), files_.end(), [&](const auto& each) {
    if (!each->matched || each->offset() == 0 || !is_rotated_name(each->path, one.path)) return false;
    std::vector<file_position> positions;
    each->append_positions(positions);
    auto& original = positions.back();
    original.offset = 0;
    struct stat what {};
    return ::fstat(one.file.get(), &what) == 0 && (what.st_size < original.head_size || begins_as(one.file, original));
  });
}

void followed_files::take_in(candidate one) {
  if (followed(one.place.device, one.place.inode)) return;  // under another name, by now
  if (const auto* const known = remembered(one)) {
    struct stat what {};
    const auto offset = known->offset;
    if (::fstat(one.file.get(), &what) == 0 && static_cast<std::uint64_t>(what.st_size) > offset) add(std::move(one), offset, true);
    return;
  }
  if (may_be_copy(one)) return;
  struct stat what {};
  ::fstat(one.file.get(), &what);
  const auto path = one.path;
  const auto before_it = led_to_.find(path);
  std::vector<candidate> all;
  if (before_it != led_to_.end()) {
    all = missed(one, &stat::st_mtim, before_it->second);
  } else if (!searched_) {
    all = missed(one, &stat::st_ctim, looked_);  // it led to those when we were started
    if (first_) remember_rotated(all, rotated_beside(path));
    if (first_ && rules_.from_end && all.empty()) return add(std::move(one), last_line_end(one.file, static_cast<std::uint64_t>(what.st_size)), true);
  }
  all.push_back(std::move(one));
  // In the order of their last lines, as far as the kernel's clock tells them apart: this one too may be history by now.
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return before(a.changed, b.changed); });
  for (auto& each : all) {
    const bool matched = each.path == path;
    each.path = each.place.path = path;
    add(std::move(each), 0, matched);
  }
}

// Files that had its path after the one that this led to before, and were rotated in turn.
std::vector<followed_files::candidate> followed_files::missed(const candidate& newest, timespec stat::*when, const timespec& since) {
  std::vector<candidate> all;
  for (const auto& each : rotated_beside(newest.path)) {
    struct stat what {};
    if (::stat(each.c_str(), &what) != 0 || before(what.*when, since)) continue;  // most are old
    auto one = look_at(each);
    if (!one || remembered(*one)) continue;
    const bool same = one->place.inode == newest.place.inode && one->place.device == newest.place.device;  // renamed this very moment
    if (!same) all.push_back(std::move(*one));
  }
  return all;
}

void followed_files::add(candidate one, std::uint64_t offset, bool matched) {
  const auto open = static_cast<std::size_t>(std::count_if(files_.begin(), files_.end(), [](const auto& each) { return each->is_open(); }));
  if (open >= rules_.most_files) {
    if (!std::exchange(full_, true))
      say_(severity::warning, fmt::format("{} files are open, which is the most that max-files allows: {} and others wait", open, one.path));
    return;
  }
  full_ = false;
  one.place.offset = offset;
  led_to_[one.path] = one.changed;
  auto file = make_(std::move(one.file), std::move(one.place));
  file->watch = watching_.add_file(file->file());
  file->matched = matched;
  file->rotated = !matched;
  file->last_growth = now_;
  say_(severity::info, fmt::format("follows {} from byte {}", file->path, offset));
  files_.push_back(std::move(file));
}

// In the order of the checkpoint, in which an older file of a path stands before a newer one.
void followed_files::resume() {
  for (auto& each : found_) {
    led_to_.emplace(each.path, looked_);
    if (each.done) {
      remember(std::move(each));
      continue;
    }
    auto one = find_again(each);
    if (!one) {
      say_(severity::warning, fmt::format("{}, which was followed up to byte {}, is gone: what it had behind that is lost", each.path, each.offset));
      continue;
    }
    const bool still = is_matched(one->path);
    one->path = one->place.path = each.path;
    add(std::move(*one), each.offset, still);
  }
  found_.clear();
}

// By its inode under any name, else a copy of what it was. A name that changes while names are listed may be in no list, so
// that one that is not found is looked for again.
std::optional<followed_files::candidate> followed_files::find_again(const file_position& position) {
  for (int turn = 0; turn < 3; ++turn) {
    auto paths = matched_;
    const auto beside = rotated_beside(position.path);
    paths.insert(paths.end(), beside.begin(), beside.end());
    for (const auto& path : paths) {
      struct stat what {};
      if (::stat(path.c_str(), &what) != 0 || what.st_dev != position.device || what.st_ino != position.inode) continue;
      auto one = look_at(path);
      if (one && one->place.device == position.device && one->place.inode == position.inode && begins_as(one->file, position)) return one;
    }
  }
  if (position.head_size == 0) return {};
  for (const auto& path : rotated_beside(position.path)) {
    auto one = look_at(path);
    if (one && begins_as(one->file, position)) return one;
  }
  return {};
}

bool followed_files::is_matched(const std::string& path) const { return std::binary_search(matched_.begin(), matched_.end(), path); }

bool followed_files::has_to_wait(const tailed_file& which) const {
  for (const auto& each : files_) {
    if (each.get() == &which) return false;
    if (each->is_open() && !each->drained && each->path == which.path) return true;
  }
  return false;
}

void followed_files::begin_anew(tailed_file& which) {
  auto copy = which.find_copy(rotated_beside(which.path));
  say_(severity::info, copy ? fmt::format("{} was truncated: reads first what its copy has behind byte {}", which.path, which.offset())
                            : fmt::format("{} was truncated after byte {} was read, and has no copy: begins anew", which.path, which.offset()));
  which.begin_anew(std::move(copy));
}

bool followed_files::settle() {
  bool any = false;
  std::vector<file_position> history;
  for (const auto& each : files_) {
    any = each->settle(history) || any;
    if (each->over()) each->append_positions(history);
  }
  any = any || !history.empty();
  for (auto& each : history) remember(std::move(each));
  std::erase_if(files_, [](const auto& each) { return each->over(); });
  return any;
}

void followed_files::remember(file_position position) {
  position.done = true;
  done_.push_back(std::move(position));
  if (done_.size() > most_remembered) done_.pop_front();
}

// At the first start: what was rotated before is nothing that was missed.
void followed_files::remember_rotated(const std::vector<candidate>& but, const std::vector<std::string>& beside) {
  for (const auto& path : beside) {
    const bool missed = std::any_of(but.begin(), but.end(), [&](const auto& each) { return each.path == path; });
    if (is_matched(path) || missed) continue;
    auto one = look_at(path);
    struct stat what {};
    if (!one || ::fstat(one->file.get(), &what) != 0) continue;
    const auto head = read_head(one->file, most_head_bytes);
    one->place.head_size = static_cast<std::uint32_t>(head.size());
    one->place.head_crc = crc32c(head);
    one->place.offset = static_cast<std::uint64_t>(what.st_size);
    remember(std::move(one->place));
  }
}

std::vector<file_position> followed_files::positions() const {
  std::vector<file_position> all;
  for (const auto& each : files_) each->append_positions(all);
  all.insert(all.end(), done_.begin(), done_.end());
  return all;
}

void followed_files::say_once(const std::string& path, const std::string& why) {
  if (complained_.insert(path).second) say_(severity::warning, fmt::format("unable to follow {}: {}; tries again when something changes", path, why));
}

}  // namespace logrelay
