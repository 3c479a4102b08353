// How a live file is found or made: folders, links, owners, the lock, and the end of its last line.
#include <logrelay/error.hpp>
#include <logrelay/output/file/live_file.hpp>
#include <logrelay/util/lock_holder.hpp>

#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>

namespace logrelay {
namespace {

constexpr int plain_open = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
constexpr int folder_open = O_PATH | O_DIRECTORY | O_CLOEXEC;

}  // namespace

void live_file::prepare() {
  fd file;
  struct stat facts {};
  auto how = open_folder();
  if (how.what == outcome::done) how = open_live(file, facts, made_file_);
  if (how.what == outcome::done) {
    file_ = std::move(file);
    which_ = identity_of(facts);
    if (auto held = lock(file_); !held.empty()) how = {outcome::retry, std::move(held)};
  }
  if (how.what == outcome::done && !my_.rules.link.empty()) {
    struct stat there {};
    if (my_.files.status(AT_FDCWD, my_.rules.link.c_str(), there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(there.st_mode))
      how = {outcome::retry,
             fmt::format("unable to make the link {}: there is something else of that name", my_.rules.link)};
  }
  if (how.what == outcome::done) return;
  unprepare();
  throw error(how.why);
}

void live_file::unprepare() noexcept {
  file_.reset();
  // A start that fails late may have delivered what an earlier run left in a spool.
  struct stat facts {};
  const bool holds_lines = made_file_ && my_.files.status(folder_.get(), where_.name.c_str(), facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_size > 0;
  if (std::exchange(made_file_, false) && !holds_lines) static_cast<void>(my_.files.remove(folder_.get(), where_.name.c_str(), 0));
  folder_.reset();
  for (; !made_folders_.empty(); made_folders_.pop_back()) ::rmdir(made_folders_.back().c_str());
}

void live_file::give_to(uid_t user, gid_t group) {
  constexpr auto same = static_cast<uid_t>(-1);
  if (my_.rules.user) user = same;
  if (my_.rules.group) group = same;
  if (user == same && group == same) return;
  const auto give = [&](const fd& made, const std::string& path) {
    if (!made || my_.files.owner(made.get(), user, group) != 0)
      my_.say(severity::warning, fmt::format("unable to give {} to who goes on: {}", path, error_text(errno)));
  };
  if (made_file_) give(file_, path_);
  for (const auto& each : made_folders_)
    give(fd(my_.files.open(AT_FDCWD, each.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)), each);
}

int live_file::make_folders() {
  std::vector<std::string> missing;
  struct stat there {};
  for (auto at = where_.folder; my_.files.status(AT_FDCWD, at.c_str(), there, 0) != 0 && errno == ENOENT;
       at = split_path(at).folder) {
    missing.push_back(at);
    if (at == "." || at == "/") break;
  }
  for (; !missing.empty(); missing.pop_back()) {
    const char* const path = missing.back().c_str();
    if (my_.files.make_folder(path, my_.rules.folder_mode.value_or(0777)) != 0) {
      if (errno == EEXIST) continue;
      return errno;
    }
    made_folders_.push_back(missing.back());
    if (!my_.rules.folder_mode && !my_.rules.user && !my_.rules.group) continue;
    const fd made(my_.files.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
    if (!made || !give_owner(made) ||
        (my_.rules.folder_mode && my_.files.mode(made.get(), *my_.rules.folder_mode) != 0))
      return errno;
  }
  return 0;
}

result live_file::open_folder() {
  fd folder(my_.files.open(AT_FDCWD, where_.folder.c_str(), folder_open, 0));
  if (!folder && errno == ENOENT) {
    if (const int why = make_folders(); why != 0) return failed("make the folder of", why);
    folder.reset(my_.files.open(AT_FDCWD, where_.folder.c_str(), folder_open, 0));
  }
  struct stat facts {};
  if (!folder || my_.files.status(folder.get(), facts) != 0) return failed("open", errno);
  strict_ = (facts.st_mode & S_IWOTH) != 0;
  folder_ = std::move(folder);
  return {};
}

bool live_file::give_owner(const fd& file) {
  if (!my_.rules.user && !my_.rules.group) return true;
  constexpr auto same = static_cast<uid_t>(-1);
  return my_.files.owner(file.get(), my_.rules.user.value_or(same), my_.rules.group.value_or(same)) == 0;
}

// A new file, with no more rights at any moment than it is to have.
int live_file::make_live(fd& into) {
  const unsigned mark = my_.rules.share ? 0 : unfinished;
  const unsigned mode = my_.rules.mode.value_or(0666);
  const bool given_away = my_.rules.user || my_.rules.group;
  fd file(my_.files.open(folder_.get(), where_.name.c_str(), plain_open | O_NOFOLLOW | O_CREAT | O_EXCL,
                         (given_away ? mode & 0600 : mode) | mark));
  if (!file) return errno;
  bool well = give_owner(file);
  if (well && my_.rules.mode) well = my_.files.mode(file.get(), mode | mark) == 0;
  if (well && given_away && !my_.rules.mode) {
    const mode_t mask = ::umask(077);  // there is no other way to ask; only files of ours are made meanwhile
    ::umask(mask);
    well = my_.files.mode(file.get(), (mode & ~mask) | mark) == 0;
  }
  if (!well) {
    const int why = errno;
    static_cast<void>(my_.files.remove(folder_.get(), where_.name.c_str(), 0));
    return why;
  }
  into = std::move(file);
  return 0;
}

// Without O_CREAT first, to know whether it is ours to remove; a FIFO would hang a plain open.
result live_file::open_live(fd& into, struct stat& facts, bool& created) {
  created = false;
  const bool no_links = strict_ || my_.rules.rotates();
  const char* const name = where_.name.c_str();
  if (my_.files.status(folder_.get(), name, facts, no_links ? AT_SYMLINK_NOFOLLOW : 0) == 0 && S_ISFIFO(facts.st_mode))
    return failed("open", ESPIPE);
  const int flags = plain_open | (no_links ? O_NOFOLLOW : 0);
  fd file(my_.files.open(folder_.get(), name, flags, 0));
  if (!file && errno == ENOENT) {
    const int why = make_live(file);
    created = why == 0;
    if (why == EEXIST)  // it has come meanwhile, or is a link to what is not there yet
      file.reset(my_.files.open(folder_.get(), name, flags | (no_links ? 0 : O_CREAT), my_.rules.mode.value_or(0666)));
    else
      errno = why;
  }
  if (!file || my_.files.status(file.get(), facts) != 0) return failed("open", errno);
  if (auto doubt = doubts(facts); !doubt.empty()) return {outcome::retry, std::move(doubt)};
  into = std::move(file);
  return {};
}

// Where anyone may put a file, one that is not ours, or that has another name elsewhere, may be a trap.
std::string live_file::doubts(const struct stat& facts) const {
  if (!strict_ || !S_ISREG(facts.st_mode)) return {};
  if (facts.st_nlink > 1)
    return fmt::format("unable to open {}: it has another name elsewhere, and anyone may write to its folder", path_);
  if (facts.st_uid != ::geteuid() && facts.st_uid != my_.rules.user.value_or(::geteuid()))
    return fmt::format("unable to open {}: it belongs to user {}, and anyone may write to its folder", path_,
                       facts.st_uid);
  return {};
}

std::string live_file::lock(const fd& file) const {
  struct stat there {};
  if (my_.files.status(file.get(), there) != 0 || !S_ISREG(there.st_mode)) return {};
  if (my_.files.lock(file.get(), (my_.rules.share ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return {};  // a file system without locks
  return fmt::format("unable to open {}: {} holds it; give one of the two another file{}", path_,
                     lock_holder(there.st_dev, there.st_ino), my_.rules.share ? "" : ", or both share=yes");
}

// From here on lines go into this file.
void live_file::take(fd&& file, const struct stat& facts) {
  if (&file != &file_) file_ = std::move(file);
  which_ = identity_of(facts);
  mode_ = facts.st_mode & 07777;
  regular_ = S_ISREG(facts.st_mode);
  size_ = regular_ ? static_cast<std::uint64_t>(facts.st_size) : 0;
  unended_ = regular_ && my_.rules.terminator && ends_in_mid_line();
  taken_ = true;
  // Of frames that tell their length nobody can complete the last one: such a file is set apart.
  set_apart_ = regular_ && !my_.rules.terminator && size_ > 0 && (mode_ & unfinished) != 0 && !marked_by_us_;
  if (unended_ && (mode_ & unfinished) != 0)
    my_.say(severity::info,
            fmt::format("{} was not closed: its last line, which may have lost its end, gets a newline", path_));
  if (regular_ && !my_.rules.share && (mode_ & unfinished) == 0 && my_.files.mode(file_.get(), mode_ | unfinished) == 0)
    mode_ |= unfinished;
  marked_by_us_ = (mode_ & unfinished) != 0;
  point_link();
}

// What somebody has left without an end must not merge with our first line.
bool live_file::ends_in_mid_line() {
  if (size_ == 0) return false;
  const auto path = fmt::format("/proc/self/fd/{}", file_.get());  // ours is open for writing only
  const fd reading(my_.files.open(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY, 0));
  char last = 0;
  return reading && my_.files.read_at(reading.get(), &last, 1, static_cast<off_t>(size_) - 1) == 1 &&
         last != *my_.rules.terminator;
}

void live_file::unmark(const fd& file) noexcept {
  struct stat facts {};
  if (!my_.rules.share && my_.files.status(file.get(), facts) == 0 && S_ISREG(facts.st_mode) &&
      (facts.st_mode & unfinished) != 0)
    static_cast<void>(my_.files.mode(file.get(), facts.st_mode & 07777 & ~unfinished));
}

void live_file::point_link() {
  if (my_.rules.link.empty()) return;
  const split_path link(my_.rules.link);
  std::error_code ec;
  const auto target = link.folder == where_.folder ? where_.name : std::filesystem::absolute(path_, ec).string();
  std::array<char, PATH_MAX> now{};
  const fd folder(my_.files.open(AT_FDCWD, link.folder.c_str(), folder_open, 0));
  const auto length = folder ? my_.files.read_link(folder.get(), link.name.c_str(), now.data(), now.size()) : -1;
  if (length >= 0 && std::string_view(now.data(), static_cast<std::size_t>(length)) == target) return;
  const bool free = length >= 0 || errno == ENOENT;  // what is no link is not ours
  const auto made = link.name + ".tmp";
  const auto make = [&] { return my_.files.link_to(target.c_str(), folder.get(), made.c_str()) == 0; };
  const bool well = folder && free &&
                    (make() || (errno == EEXIST && my_.files.remove(folder.get(), made.c_str(), 0) == 0 && make())) &&
                    my_.files.rename(folder.get(), made.c_str(), link.name.c_str(), 0) == 0;
  if (!well && !link_failing_)
    my_.say(severity::warning, fmt::format("unable to make the link {}: {}", my_.rules.link, error_text(errno)));
  link_failing_ = !well;
}

result live_file::failed(std::string_view doing, int error_number) const {
  if (error_number == ESPIPE)
    return {outcome::retry, fmt::format("unable to open {0}: it is a FIFO; write it as fifo:{0}", path_)};
  if (error_number == ELOOP)
    return {outcome::retry,
            fmt::format("unable to open {}: it is a symbolic link, which {}; name the file that it points to", path_,
                        strict_ ? "anyone may have put there" : "cannot rotate")};
  return {outcome::retry, fmt::format("unable to {} {}: {}", doing, path_, error_text(error_number))};
}

}  // namespace logrelay
