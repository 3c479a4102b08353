#include <logrelay/input/tail/followed_files.hpp>

#include <logrelay/error.hpp>
#include <logrelay/input/tail/follower.hpp>
#include <logrelay/input/tail/path_pattern.hpp>
#include <logrelay/input/tail/rotation_order.hpp>
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
// Names that change while they are read are read again, so often.
constexpr int most_turns = 10;

timespec changed(const fd& file) {
  struct stat what {};
  return ::fstat(file.get(), &what) == 0 ? what.st_mtim : timespec{};
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
    each->drained = false;  // the event of its last lines may still be on the way, and its successor has to wait for them
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
    return is(one, each.device, each.inode) && begins_as(one.file, each);
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
    all = with_missed(std::move(one), &stat::st_mtim, before_it->second);
  } else if (!searched_) {
    all = with_missed(std::move(one), &stat::st_ctim, looked_);  // it led to those when we were started
    if (first_) remember_rotated(all, rotated_beside(path));
    if (first_ && rules_.from_end && all.size() == 1)
      return add(std::move(all.front()), last_line_end(all.front().file, static_cast<std::uint64_t>(what.st_size)), true);
  } else {
    all.push_back(std::move(one));
  }
  for (auto& each : all) {
    const bool matched = each.path == path;
    each.path = each.place.path = path;
    add(std::move(each), 0, matched);
  }
}

// With files that had its path after the one that this led to before, and were rotated in turn, the oldest first.
std::vector<followed_files::candidate> followed_files::with_missed(candidate newest, timespec stat::*when, const timespec& since) {
  const auto path = newest.path;
  std::vector<candidate> all;
  auto beside = rotated_files(path);
  for (int turn = 0; turn < most_turns; ++turn) {
    all = missed(beside, newest, when, since);
    auto again = rotated_files(path);
    if (have_same_names(beside, again)) break;
    beside = std::move(again);
  }
  for (const auto& each : beside)
    if (is(newest, each.what.st_dev, each.what.st_ino)) newest.path = each.path;  // by now it is history, too
  all.push_back(std::move(newest));
  const rotation_order order(path, beside);
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return order.is_older(a.path, a.changed, b.path, b.changed); });
  return all;
}

std::vector<followed_files::candidate> followed_files::missed(const std::vector<rotated_file>& beside, const candidate& newest, timespec stat::*when,
                                                              const timespec& since) {
  std::vector<candidate> all;
  for (const auto& each : beside) {
    if (is_before(each.what.*when, since)) continue;  // most are old
    auto one = look_at(each.path);
    if (!one || remembered(*one) || are_same(newest, *one)) continue;
    if (std::none_of(all.begin(), all.end(), [&](const auto& other) { return are_same(other, *one); })) all.push_back(std::move(*one));
  }
  return all;
}

bool followed_files::is(const candidate& one, dev_t device, ino_t inode) { return one.place.inode == inode && one.place.device == device; }
bool followed_files::are_same(const candidate& one, const candidate& other) { return is(one, other.place.device, other.place.inode); }

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
      if (one && is(*one, position.device, position.inode) && begins_as(one->file, position)) return one;
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
    if (is_matched(path)) continue;
    auto one = look_at(path);
    struct stat what {};
    if (!one || ::fstat(one->file.get(), &what) != 0) continue;
    if (std::any_of(but.begin(), but.end(), [&](const auto& each) { return are_same(each, *one); })) continue;
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
