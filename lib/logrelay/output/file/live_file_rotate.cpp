// The steps of a rotation, which live_file.hpp explains.
#include <logrelay/output/file/live_file.hpp>
#include <logrelay/output/file/part_work.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay {

result live_file::rotate() {
  if (step_ == step::none) {
    if (!file_ || !regular_ || size_ == 0) return {};
    if (auto how = end_torn_line(); how.what != outcome::done) return how;
    if (auto how = open_folder(); how.what != outcome::done) return how;
    step_ = step::name;
  }
  return go_on();
}

result live_file::go_on() {
  struct stat facts {};
  if (step_ == step::name) {
    part_.clear();  // what is at the path and is not ours was put there by who renamed our file: that is done already
    const bool there = my_.files.status(folder_.get(), where_.name.c_str(), facts, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && errno != ENOENT) return failed("rotate", errno);
    if (there && S_ISLNK(facts.st_mode)) return step_ = step::none, failed("rotate", ELOOP);
    if (there && is_ours(facts))
      if (const int why = give_name(); why != 0) return failed("rotate", why);
    step_ = step::make;
  }
  fd next;
  bool created = false;
  if (auto how = open_folder(); how.what != outcome::done) return how;
  if (auto how = open_live(next, facts, created); how.what != outcome::done) return how;
  if (is_ours(facts)) return step_ = step::none, result{};  // it has come back
  if (auto held = lock(next); !held.empty()) return {outcome::retry, std::move(held)};

  step_ = step::none;
  ++rotations_;
  const fd old = std::move(file_);
  const auto which = which_;
  marked_by_us_ = created;
  take(std::move(next), facts);
  hand_over(old, which, part_);
  return {};
}

// A file that somebody else has named is theirs to look after.
void live_file::hand_over(const fd& old, file_identity which, const std::string& part) {
  if (upkeep::needed(my_.rules) && !part.empty() && !my_.rules.share)
    return my_.parts.post(site(), part, which);
  if (my_.rules.sync != sync_when::never) static_cast<void>(my_.files.sync_data(old.get()));
  unmark(old);
  if (upkeep::needed(my_.rules) && !part.empty()) my_.parts.post(site(), part, which);
}

int live_file::give_name() { return my_.rules.names == naming::time ? give_time() : give_number(); }

// A name that no part has and that sorts behind all of them, whatever the clock says.
int live_file::give_time() {
  if (newest_ < 0) {
    std::int64_t newest = 0;
    const int listed = my_.files.names(folder_.get(), [&](const char* name) {
      if (const auto part = names_->read(name)) newest = std::max(newest, part->microseconds);
    });
    if (listed != 0) return errno;
    newest_ = newest;
  }
  auto now = std::chrono::floor<std::chrono::microseconds>(my_.clock.wall().time_since_epoch()).count();
  for (;; ++now) {
    now = std::max<std::int64_t>(now, newest_ + 1);
    const auto name = part_names::at_time(where_.name, now);
    const int why = rename_new(my_.files, folder_.get(), where_.name, name);
    if (why == EEXIST) continue;
    if (why != 0) return why;
    newest_ = now;
    part_ = name;
    return 0;
  }
}

int live_file::give_number() {
  const auto alone = my_.parts.renaming();
  std::uint32_t first = 0;
  if (const int why = move_up(first); why != 0) return why;
  part_ = part_names::at_number(where_.name, first);
  return rename_new(my_.files, folder_.get(), where_.name, part_);
}

// Moves each numbered part to the next number, from the first gap downwards. What has such a name and is no file is
// not ours, and its number is passed over. `first`: the number that is free now.
int live_file::move_up(std::uint32_t& first) {
  struct place {
    std::uint32_t number;
    std::vector<std::string> forms;  // packed or not
  };
  std::vector<place> places;
  for (std::uint32_t number = 1;; ++number) {
    place here{number, {}};
    bool stranger = false, plain_unfinished = false;
    for (const auto how : {compression::none, compression::gzip, compression::zstd}) {
      const auto name = part_names::at_number(where_.name, number) + std::string(suffix(how));
      struct stat facts {};
      if (my_.files.status(folder_.get(), name.c_str(), facts, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) return errno;
        continue;
      }
      if (!S_ISREG(facts.st_mode)) stranger = true;
      if (how == compression::none) plain_unfinished = (facts.st_mode & unfinished) != 0;
      here.forms.push_back(name);
    }
    if (stranger) continue;
    if (here.forms.size() > 1 && plain_unfinished) {  // packed already: only its removal is missing
      if (my_.files.remove(folder_.get(), here.forms.front().c_str(), 0) != 0) return errno;
      here.forms.erase(here.forms.begin());
    }
    places.push_back(here);
    if (here.forms.empty()) break;
  }
  for (auto at = places.size() - 1; at-- > 0;)
    for (const auto& from : places[at].forms) {
      const auto plain = part_names::at_number(where_.name, places[at].number);
      const auto to = part_names::at_number(where_.name, places[at + 1].number) + from.substr(plain.size());
      if (const int why = rename_new(my_.files, folder_.get(), from, to); why != 0) return why;
    }
  first = places.front().number;
  return 0;
}

// The path is another one from now on; the file there is made when there is something to write.
result live_file::change_path(wall_time now) {
  auto path = path_at(now);
  if (path.empty() || path == path_) return my_.rules.every.count() > 0 ? rotate() : result{};
  if (auto how = end_torn_line(); how.what != outcome::done) return boundary_ = now, how;
  const auto old = std::exchange(where_, split_path(path));
  path_ = std::move(path);
  if (file_ && regular_ && size_ == 0 && made_file_)
    static_cast<void>(my_.files.remove(folder_.get(), old.name.c_str(), 0));
  if (file_ && regular_ && size_ > 0) {
    ++rotations_;
    if (!upkeep::needed(my_.rules)) unmark(file_);
    file_.reset();  // with its lock, which upkeep asks for
    if (upkeep::needed(my_.rules)) my_.parts.post({old.folder, where_.name, names_}, old.name, which_);
  }
  file_.reset();
  made_file_ = taken_ = marked_by_us_ = false;
  size_ = 0;
  return {};
}

}  // namespace logrelay
