#include <logrelay/input/tail/followed_files.hpp>

#include <logrelay/error.hpp>
#include <logrelay/input/tail/follower.hpp>
#include <logrelay/input/tail/path_pattern.hpp>
#include <logrelay/input/tail/rotation_order.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace logrelay {
namespace {

// Names that change while they are read are read again, so often.
constexpr int most_turns = 10;

timespec written(const tailed_file& file) {
  struct stat what {};
  return ::fstat(file.file().get(), &what) == 0 ? what.st_mtim : timespec{};
}

}  // namespace

followed_files::followed_files(const tail_rules& rules, watches watching, std::vector<file_position> found, bool first, timespec looked, maker make, speaker say)
    : rules_(rules), make_(std::move(make)), say_(std::move(say)), watching_(std::move(watching)), found_(std::move(found)), first_(first), looked_(looked) {}

void followed_files::take_over(left_files left) {
  found_ = std::move(left.places);
  found_open_ = std::move(left.open);
  unsettled_ = std::move(left.unsettled);
  looked_ = left.looked;
  first_ = false;
}

left_files followed_files::hand_over() {
  left_files left{.looked = looked_};
  for (auto& account : unsettled_.take()) left.unsettled.add(std::move(account));
  for (const auto& each : files_) {
    auto one = each->hand_over();
    left.places.push_back(std::move(one.place));
    left.open.push_back(std::move(one.file));
    left.unsettled.add(std::move(one.account));
    for (auto& past : one.pasts) done_.remember(std::move(past));
  }
  left.places.insert(left.places.end(), done_.all().begin(), done_.all().end());
  left.open.resize(left.places.size());
  files_.clear();
  return left;
}

void followed_files::search(steady_time now) {
  now_ = now;
  timespec begins{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &begins);
  auto found = find_paths(rules_.pattern);
  watching_.set_folders(found.folders);
  matched_ = std::move(found.files);
  for (const auto& each : files_) each->matched = false;
  if (!searched_) resume();
  std::vector<found_file> fresh;
  for (const auto& path : matched_)
    if (auto one = look_at(path)) fresh.push_back(std::move(*one));
  for (const auto& each : files_) {
    if (!each->is_open() || each->matched || each->rotated) continue;
    each->rotated = true;
    each->drained = false;  // the event of its last lines may still be on the way, and its successor has to wait for them
    each->last_growth = now;
    led_to_[each->path] = written(*each);
  }
  for (auto& each : fresh) take_in(std::move(each));
  searched_ = true;
  looked_ = begins;
}

// What is followed already is only told that its path still leads to it.
std::optional<found_file> followed_files::look_at(const std::string& path) {
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
  auto one = open_found(path);
  if (!one.file) {
    if (errno != ENOENT) say_once(path, error_text(errno));
    return {};
  }
  complained_.erase(path);
  if (followed(one.place.device, one.place.inode)) return {};  // renamed in between: the next search sees it
  return one;
}

tailed_file* followed_files::followed(dev_t device, ino_t inode) const {
  const auto found = std::find_if(files_.begin(), files_.end(), [&](const auto& each) { return each->has(device, inode); });
  return found == files_.end() ? nullptr : found->get();
}

// The name of a rotated file while the path that it was rotated from still leads to the same file: somebody copies that one.
bool followed_files::may_be_copy(const found_file& one) const {
  return std::any_of(files_.begin(), files_.end(), [&](const auto& each) {
    if (!each->matched || each->offset() == 0 || !is_rotated_name(each->path, one.path)) return false;
    std::vector<file_position> positions;
    each->append_positions(positions);
    auto& original = positions.back();
    original.offset = 0;
    return one.size < original.head_size || begins_as(one.file, original);
  });
}

void followed_files::take_in(found_file one) {
  if (followed(one.place.device, one.place.inode)) return;  // under another name, by now
  if (const auto* const known = done_.find(one.file, one.place.device, one.place.inode)) {
    if (one.size > known->offset) add(std::move(one), known->offset, true);
    return;
  }
  if (may_be_copy(one)) return;
  const auto path = one.path;
  const auto before_it = led_to_.find(path);
  std::vector<found_file> all;
  if (before_it != led_to_.end()) {
    all = with_missed(std::move(one), &stat::st_mtim, before_it->second);
  } else if (!searched_) {
    all = with_missed(std::move(one), &stat::st_ctim, looked_);  // it led to those when we were started
    if (first_) remember_rotated(all, rotated_beside(path));
    if (first_ && rules_.from_end && all.size() == 1) {
      const auto end = last_line_end(all.front().file);
      return add(std::move(all.front()), end, true);
    }
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
std::vector<found_file> followed_files::with_missed(found_file newest, timespec stat::*when, const timespec& since) {
  const auto path = newest.path;
  std::vector<found_file> all;
  auto beside = rotated_files(path);
  for (int turn = 0; turn < most_turns; ++turn) {
    all = missed(beside, newest, when, since);
    auto again = rotated_files(path);
    if (have_same_names(beside, again)) break;
    beside = std::move(again);
  }
  for (const auto& each : beside)
    if (newest.is(each.what.st_dev, each.what.st_ino)) newest.path = each.path;  // by now it is history, too
  all.push_back(std::move(newest));
  const rotation_order order(path, beside);
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return order.is_older(a.path, a.changed, b.path, b.changed); });
  return all;
}

std::vector<found_file> followed_files::missed(const std::vector<rotated_file>& beside, const found_file& newest, timespec stat::*when,
                                                              const timespec& since) {
  std::vector<found_file> all;
  for (const auto& each : beside) {
    if (is_before(each.what.*when, since)) continue;  // most are old
    auto one = look_at(each.path);
    if (!one || done_.find(one->file, one->place.device, one->place.inode) || one->is(newest)) continue;
    if (std::none_of(all.begin(), all.end(), [&](const auto& other) { return one->is(other); })) all.push_back(std::move(*one));
  }
  return all;
}

void followed_files::add(found_file one, std::uint64_t offset, bool matched) {
  const auto open = static_cast<std::size_t>(std::count_if(files_.begin(), files_.end(), [](const auto& each) { return each->is_open(); }));
  if (open >= rules_.most_files) {
    if (!std::exchange(full_, true))
      say_(severity::warning, fmt::format("{} files are open, which is the most that max-files allows: {} and others wait", open, one.path));
    return;
  }
  full_ = false;
  follow(std::move(one), offset, matched);
}

void followed_files::follow(found_file one, std::uint64_t offset, bool matched) {
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
  for (std::size_t i = 0; i < found_.size(); ++i) {
    auto& each = found_[i];
    led_to_.emplace(each.path, looked_);
    if (each.done) {
      done_.remember(std::move(each));
      continue;
    }
    // Whether the path of one that is open still leads to it, the search goes on to see.
    const bool open = i < found_open_.size();
    auto one = open ? still_open(std::move(found_open_[i]), each) : find_again(each);
    if (!one) {
      say_(severity::warning, fmt::format("{}, which was followed up to byte {}, is gone: what it had behind that is lost", each.path, each.offset));
      continue;
    }
    const bool still = !open && is_matched(one->path);
    one->path = one->place.path = each.path;
    follow(std::move(*one), each.offset, still);
  }
  found_.clear();
  found_open_.clear();
}

// By its inode under any name, else a copy of what it was. A name that changes while names are listed may be in no list, so
// that one that is not found is looked for again.
std::optional<found_file> followed_files::find_again(const file_position& position) {
  for (int turn = 0; turn < 3; ++turn) {
    auto paths = matched_;
    const auto beside = rotated_beside(position.path);
    paths.insert(paths.end(), beside.begin(), beside.end());
    for (const auto& path : paths) {
      struct stat what {};
      if (::stat(path.c_str(), &what) != 0 || what.st_dev != position.device || what.st_ino != position.inode) continue;
      auto one = look_at(path);
      if (one && one->is(position.device, position.inode) && begins_as(one->file, position)) return one;
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
  bool any = unsettled_.settle();
  std::vector<file_position> history;
  for (const auto& each : files_) {
    any = each->settle(history) || any;
    if (each->over()) each->append_positions(history);
  }
  any = any || !history.empty();
  for (auto& each : history) done_.remember(std::move(each));
  std::erase_if(files_, [](const auto& each) { return each->over(); });
  return any;
}

// At the first start: what was rotated before is nothing that was missed.
void followed_files::remember_rotated(const std::vector<found_file>& but, const std::vector<std::string>& beside) {
  for (const auto& path : beside) {
    if (is_matched(path)) continue;
    const auto one = look_at(path);
    if (one && std::none_of(but.begin(), but.end(), [&](const auto& each) { return one->is(each); })) done_.remember_whole(*one);
  }
}

std::vector<file_position> followed_files::positions() const {
  std::vector<file_position> all;
  for (const auto& each : files_) each->append_positions(all);
  all.insert(all.end(), done_.all().begin(), done_.all().end());
  unsettled_.replace(all);
  return all;
}

void followed_files::say_once(const std::string& path, const std::string& why) {
  if (complained_.insert(path).second) say_(severity::warning, fmt::format("unable to follow {}: {}; tries again when something changes", path, why));
}

}  // namespace logrelay
