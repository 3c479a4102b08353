#include <logrelay/output/file/live_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// How often the path is looked at: whether it is still our file.
constexpr auto look_every = 1s;

// How often what strftime makes of a pattern can change.
std::chrono::seconds period_of(std::string_view pattern) {
  const auto has = [&](std::string_view conversions) {
    for (auto at = pattern.find('%'); at != std::string_view::npos && at + 1 < pattern.size();
         at = pattern.find('%', at + 2)) {
      const auto letter = pattern.find_first_not_of("_-0^#EO123456789", at + 1);
      if (letter != std::string_view::npos && conversions.find(pattern[letter]) != std::string_view::npos) return true;
    }
    return false;
  };
  if (has("SsTcrX+")) return 1s;
  if (has("MR")) return 60s;
  return has("HIklpPzZ") ? 1h : std::chrono::seconds(24h);
}

std::optional<schedule> schedule_of(const file_rules& rules, std::string_view pattern) {
  if (rules.every.count() > 0) return schedule(rules.every, rules.at, rules.utc);
  if (rules.by_time) return schedule(period_of(pattern), std::chrono::seconds(0), rules.utc);
  return {};
}

}  // namespace

live_file::live_file(surroundings with, std::string path)
    : my_(with),
      pattern_(std::move(path)),
      schedule_(schedule_of(my_.rules, pattern_)),
      names_(
          std::make_shared<part_names>(split_path(pattern_).name, my_.rules.by_time, my_.rules.utc, my_.rules.names)),
      path_(path_at(my_.clock.wall())),
      where_(path_) {}

// With `every`, a file is called after the beginning of its period, whenever its first line comes.
std::string live_file::path_at(wall_time now) const {
  if (!my_.rules.by_time) return pattern_;
  return render(pattern_, my_.rules.every.count() > 0 ? schedule_->before(now) : now, my_.rules.utc);
}

result live_file::open() {
  const auto now = my_.clock.wall();
  if (schedule_ && boundary_ == wall_time::max()) boundary_ = schedule_->after(now);
  if (unsynced_ > 0 && my_.rules.sync == sync_when::always)
    if (auto how = sync(); how.what != outcome::done) return how;
  if (step_ != step::none) return go_on();
  if (file_ && taken_) return {};
  return open_first(now);
}

result live_file::open_first(wall_time now) {
  struct stat facts {};
  if (!file_) {
    if (auto how = open_folder(); how.what != outcome::done) return how;
    fd file;
    if (auto how = open_live(file, facts, made_file_); how.what != outcome::done) return how;
    if (auto held = lock(file); !held.empty()) return {outcome::retry, std::move(held)};
    file_ = std::move(file);
  } else if (!my_.rules.append && !emptied_) {
    if (my_.files.truncate(file_.get(), 0) != 0 && errno != EINVAL) return failed("empty", errno);
  }
  emptied_ = true;
  if (my_.files.status(file_.get(), facts) != 0) return failed("look at", errno);
  marked_by_us_ = made_file_;
  take(std::move(file_), facts);
  if (!searched_ && upkeep::needed(my_.rules)) my_.parts.post_search(site());
  searched_ = true;
  const wall_time changed{std::chrono::seconds(facts.st_mtime)};
  const bool earlier = my_.rules.every.count() > 0 && size_ > 0 && schedule_->after(changed) <= now;
  return earlier || set_apart_ ? rotate() : result{};
}

result live_file::reopen() {
  if (step_ != step::none) return go_on();
  if (!file_) return {};
  fd file;
  struct stat facts {};
  bool created = false;
  if (auto how = open_folder(); how.what != outcome::done) return how;
  if (auto how = open_live(file, facts, created); how.what != outcome::done) return how;
  if (is_ours(facts)) {
    size_ = regular_ ? static_cast<std::uint64_t>(facts.st_size) : 0;
    return {};
  }
  if (auto held = lock(file); !held.empty()) return {outcome::retry, std::move(held)};
  static_cast<void>(end_torn_line());
  const fd old = std::move(file_);
  const auto which = which_;
  const bool was_regular = regular_;
  marked_by_us_ = created;
  take(std::move(file), facts);
  if (was_regular) hand_over(old, which, {});
  return {};
}

// The clock may have been set, either way; it is asked once a turn.
result live_file::by_the_clock(wall_time now) {
  if (step_ != step::none)
    if (auto how = go_on(); how.what != outcome::done) return how;
  if (now < last_time_) {
    last_look_ = {};
    if (schedule_) boundary_ = schedule_->after(now);
  }
  last_time_ = now;
  if (schedule_ && now >= boundary_) {
    boundary_ = schedule_->after(now);
    return my_.rules.by_time ? change_path(now) : rotate();
  }
  return {};
}

// Whether the path is still our file, how large it is, and whether there is room.
result live_file::look(wall_time now) {
  if (!regular_ || now - last_look_ < look_every) return {};
  last_look_ = now;
  struct stat facts {};
  const int flags = strict_ || my_.rules.rotates() ? AT_SYMLINK_NOFOLLOW : 0;
  const bool there = my_.files.status(AT_FDCWD, path_.c_str(), facts, flags) == 0;
  if (there ? !is_ours(facts) : errno == ENOENT || errno == ENOTDIR) {
    if (auto how = reopen(); how.what != outcome::done) return last_look_ = {}, how;
  } else if (there) {
    size_ = static_cast<std::uint64_t>(facts.st_size);
  }
  my_.parts.make_room(site());
  return {};
}

result live_file::tick() {
  const auto now = my_.clock.wall();
  if (auto how = by_the_clock(now); how.what != outcome::done) return how;
  return unsynced_since_ && now - *unsynced_since_ >= my_.rules.sync_every ? sync() : result{};
}

wall_time live_file::due() const {
  return unsynced_since_ ? std::min(boundary_, *unsynced_since_ + my_.rules.sync_every) : boundary_;
}

// With others on the same file: ours alone for one turn, if it is still the file at the path.
result live_file::take_turn() {
  for (;;) {
    if (my_.files.turn(file_.get(), F_WRLCK) != 0) return failed("share", errno);
    struct stat facts {};
    if (my_.files.status(AT_FDCWD, path_.c_str(), facts, 0) == 0 && is_ours(facts)) {
      size_ = static_cast<std::uint64_t>(facts.st_size);
      unended_ = my_.rules.terminator && ends_in_mid_line();
      return {};
    }
    static_cast<void>(my_.files.turn(file_.get(), F_UNLCK));
    if (auto how = reopen(); how.what != outcome::done) return how;
  }
}

result live_file::end_torn_line() {
  if (!unended_ || !file_) return {};
  char end = *my_.rules.terminator;
  const iovec piece{&end, 1};
  if (my_.files.write(file_.get(), &piece, 1) != 1) return failed("write", errno);
  ++size_;
  unended_ = false;
  return {};
}

// How many of the bytes go into this file; it is rotated first if it must be.
std::size_t live_file::allowed(const outgoing& lines, result& how) {
  if (my_.rules.rotate_bytes == 0 || !regular_) return lines.bytes();
  const auto most = my_.rules.rotate_bytes;
  const std::size_t first = lines.first_line_end();
  if (lines.mid_line()) return first;
  if (size_ > 0 && size_ + first > most) {
    struct stat now {};  // somebody may have emptied it
    if (my_.files.status(file_.get(), now) == 0) size_ = static_cast<std::uint64_t>(now.st_size);
    if (size_ > 0 && size_ + first > most) how = rotate();
  }
  if (how.what != outcome::done) return 0;
  const std::uint64_t left = most > size_ ? most - size_ : 0;
  if (lines.bytes() <= left) return lines.bytes();
  return std::max(first, lines.line_end_before(static_cast<std::size_t>(left)));
}

write_result live_file::write(const outgoing& lines) {
  const auto now = my_.clock.wall();
  result how;
  if (!lines.mid_line()) {
    how = by_the_clock(now);
    if (how.what == outcome::done && !file_) how = open_first(now);
    if (how.what == outcome::done) how = look(now);
    if (how.what == outcome::done && my_.rules.share && regular_) how = take_turn();
  }
  const std::size_t most = how.what == outcome::done ? allowed(lines, how) : 0;
  if (how.what == outcome::done) how = end_torn_line();
  write_result done;
  if (how.what == outcome::done) {
    const int why = put(lines, most, done.taken);
    if (why != 0) how = failed("write", why);
  }
  if (how.what == outcome::done && my_.rules.sync >= sync_when::every && done.taken > 0) how = written(now, done.taken);
  if (my_.rules.share && regular_ && file_) give_turn(lines, done.taken);
  done.what = how.what;
  done.why = std::move(how.why);
  return done;
}

int live_file::put(const outgoing& lines, std::size_t most, std::size_t& taken) {
  std::size_t piece = 0, offset = 0;
  const auto all = lines.pieces();
  while (taken < most) {
    std::array<iovec, 64> rest;
    std::size_t n = 0, bytes = 0;
    for (std::size_t at = piece, from = offset; at < all.size() && n < rest.size() && bytes < most - taken;
         ++at, from = 0) {
      const std::size_t here = std::min(all[at].iov_len - from, most - taken - bytes);
      rest[n++] = {static_cast<char*>(all[at].iov_base) + from, here};
      bytes += here;
    }
    const ssize_t written = my_.files.write(file_.get(), rest.data(), static_cast<int>(n));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == ENOSPC || errno == EDQUOT)) {
      const int why = errno;
      if (my_.parts.make_room(site())) continue;
      return why;
    }
    if (written < 0) return errno;
    taken += static_cast<std::size_t>(written);
    size_ += static_cast<std::uint64_t>(written);
    for (std::size_t left = static_cast<std::size_t>(written); left > 0;) {
      const std::size_t here = std::min(left, all[piece].iov_len - offset);
      left -= here;
      offset += here;
      if (offset == all[piece].iov_len) ++piece, offset = 0;
    }
  }
  return 0;
}

// The next one on this file must find whole lines: what a full disk has torn is taken back.
void live_file::give_turn(const outgoing& lines, std::size_t& taken) {
  if (taken < lines.bytes()) {
    const auto whole = lines.line_end_before(taken);
    if (whole < taken && my_.files.truncate(file_.get(), static_cast<off_t>(size_ - (taken - whole))) == 0) {
      size_ -= taken - whole;
      taken = whole;
    }
  }
  static_cast<void>(my_.files.turn(file_.get(), F_UNLCK));
}

result live_file::written(wall_time now, std::size_t bytes) {
  unsynced_ += bytes;
  if (!unsynced_since_ || now < *unsynced_since_) unsynced_since_ = now;
  if (my_.rules.sync == sync_when::every && now - *unsynced_since_ < my_.rules.sync_every) return {};
  return sync();
}

result live_file::sync() {
  unsynced_since_.reset();
  if (file_ && my_.files.sync_data(file_.get()) != 0 && errno != EINVAL && errno != EROFS) return failed("sync", errno);
  unsynced_ = 0;
  return {};
}

std::uint64_t live_file::unsynced_bytes() const { return my_.rules.sync == sync_when::always ? unsynced_ : 0; }

void live_file::close(std::size_t torn_bytes) noexcept {
  bool whole = torn_bytes == 0;
  struct stat now {};
  if (!whole && file_ && regular_ && my_.files.status(file_.get(), now) == 0 &&
      static_cast<std::uint64_t>(now.st_size) == size_)
    whole = my_.files.truncate(file_.get(), static_cast<off_t>(size_ - torn_bytes)) == 0;
  if (file_ && regular_ && taken_) {
    if (my_.rules.sync != sync_when::never) static_cast<void>(my_.files.sync_data(file_.get()));
    if (step_ == step::make)  // it has a part's name by now, and there was no place for another one
      hand_over(file_, which_, part_);
    else if (whole)
      unmark(file_);
  }
  file_.reset();
}

}  // namespace logrelay
