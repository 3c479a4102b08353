#include <logrelay/output/file_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/util/lock_holder.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

namespace logrelay {
namespace {

constexpr option_row rows[] = {
    {"append", option_type::yes_no, "yes", "Whether lines go behind what the file holds; no empties it first."},
    {"rotate", option_type::size, "", "Begin a new file, between two lines, before this one grows larger."},
    {"keep", option_type::count, "", "How many rotated files stay; without it all do."},
    {"mode", option_type::mode, "", "Permissions of a new file; without it 0666 less the umask."},
};

void check(const output_config& config, mistakes& wrong) {
  if (config.where.rest.empty()) wrong.add(fmt::format("output '{}': a file needs a path", config.name));
  if (config.options.given("rotate") && config.options.size("rotate") == 0)
    wrong.add(fmt::format("output '{}': 'rotate=0' would begin a new file for ever: leave it out, or give a size",
                          config.name));
  if (config.options.given("keep") && !config.options.given("rotate"))
    wrong.add(fmt::format("output '{}': 'keep' says how many rotated files stay, but nothing rotates: add rotate=SIZE",
                          config.name));
}

std::unique_ptr<output> make(const output_config& config) {
  static const time_source real_time;
  const auto& options = config.options;
  file_rules rules;
  rules.path = config.where.rest;
  rules.append = options.yes("append");
  if (options.given("mode")) rules.mode = options.mode("mode");
  if (options.given("rotate")) rules.rotate_bytes = options.size("rotate");
  if (options.given("keep")) rules.keep = options.count("keep");
  if (options.given("framing") && options.text("framing") == "nul") rules.terminator = '\0';
  if (options.given("framing") && options.text("framing") == "octet") rules.terminator.reset();
  return std::make_unique<file_output>(std::move(rules), real_time);
}

}  // namespace

const output_kind file_output_kind{"file", "[file:]PATH", "a file, appended to, rotated between lines",
                                   rows,   check,         make};

file_output::file_output(file_rules rules, const time_source& clock)
    : rules_(std::move(rules)), rotation_(rules_.path, rules_.keep, clock) {}

void file_output::prepare() {
  make_folders();
  const int error_number = open_file(file_, made_file_);
  if (error_number != 0) {
    unprepare();
    throw error(failed("open", error_number).why);
  }
  if (auto held = lock(file_); !held.empty()) {
    unprepare();
    throw error(held);
  }
}

void file_output::unprepare() noexcept {
  file_.reset();
  if (std::exchange(made_file_, false)) ::unlink(rules_.path.c_str());
  for (; !made_folders_.empty(); made_folders_.pop_back()) ::rmdir(made_folders_.back().c_str());
}

void file_output::make_folders() {
  std::string missing = rules_.path;
  std::vector<std::string> folders;
  for (auto slash = missing.rfind('/'); slash != std::string::npos && slash != 0; slash = missing.rfind('/')) {
    missing.resize(slash);
    if (::access(missing.c_str(), F_OK) == 0) break;
    folders.push_back(missing);
  }
  for (; !folders.empty(); folders.pop_back()) {
    if (::mkdir(folders.back().c_str(), 0777) == 0)
      made_folders_.push_back(folders.back());
    else if (errno != EEXIST) {
      const int error_number = errno;
      unprepare();
      throw system_error("make the folder " + folders.back(), error_number);
    }
  }
}

int file_output::open_file(fd& into, bool& created) const {
  // Without O_CREAT first, to know whether it is ours to remove; a FIFO would hang a plain open.
  constexpr int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
  struct stat there {};
  if (::stat(rules_.path.c_str(), &there) == 0 && S_ISFIFO(there.st_mode)) return ESPIPE;
  fd file(::open(rules_.path.c_str(), flags));
  if (!file && errno == ENOENT) {
    file.reset(::open(rules_.path.c_str(), flags | O_CREAT | O_EXCL, rules_.mode.value_or(0666)));
    created = static_cast<bool>(file);
    if (!file && errno == EEXIST)  // it has come meanwhile, or is a link to what is not there yet
      file.reset(::open(rules_.path.c_str(), flags | O_CREAT, rules_.mode.value_or(0666)));
    if (created && rules_.mode) ::fchmod(file.get(), *rules_.mode);
  }
  if (!file) return errno;
  into = std::move(file);
  return 0;
}

std::string file_output::lock(const fd& file) const {
  struct stat there {};
  if (::fstat(file.get(), &there) != 0 || !S_ISREG(there.st_mode)) return {};
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return {};  // a file system without locks
  return fmt::format("unable to open {}: {} holds it; give one of the two another file", rules_.path,
                     lock_holder(there.st_dev, there.st_ino));
}

result file_output::open(waiter&) {
  if (moved_) return rotate();
  if (file_ && !fresh_) return {};
  fresh_ = false;
  if (file_) {
    if (!rules_.append && ::ftruncate(file_.get(), 0) != 0 && errno != EINVAL)
      return fresh_ = true, failed("empty", errno);
    return take(std::move(file_));
  }
  return reopen();
}

result file_output::reopen() {
  if (moved_) return rotate();
  fd file;
  bool created = false;
  if (const int error_number = open_file(file, created); error_number != 0) return failed("open", error_number);
  if (is_ours(file)) return take(std::move(file_));
  if (auto held = lock(file); !held.empty()) return {outcome::retry, std::move(held)};
  return take(std::move(file));
}

result file_output::take(fd&& file) {
  if (&file != &file_) file_ = std::move(file);
  struct stat now {};
  if (::fstat(file_.get(), &now) != 0) return failed("look at", errno);
  regular_ = S_ISREG(now.st_mode);
  size_ = regular_ ? static_cast<std::uint64_t>(now.st_size) : 0;
  unended_ = regular_ && rules_.terminator && ends_in_mid_line();
  return {};
}

// What another program left without a newline must not merge with our first line.
bool file_output::ends_in_mid_line() const {
  if (size_ == 0) return false;
  const auto path = fmt::format("/proc/self/fd/{}", file_.get());  // ours is open for writing only
  const fd reading(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  char last = 0;
  return reading && ::pread(reading.get(), &last, 1, static_cast<off_t>(size_) - 1) == 1 && last != *rules_.terminator;
}

// How many of the bytes go into this file; it is rotated first if it must be.
std::size_t file_output::allowed(const outgoing& lines, result& how) {
  if (rules_.rotate_bytes == 0 || !regular_) return lines.bytes();
  const std::size_t first = lines.first_line_end();
  if (lines.mid_line()) return first;
  if (size_ > 0 && size_ + first > rules_.rotate_bytes) {
    struct stat now {};  // somebody may have emptied it
    if (::fstat(file_.get(), &now) == 0) size_ = static_cast<std::uint64_t>(now.st_size);
    if (size_ > 0 && size_ + first > rules_.rotate_bytes) how = rotate();
  }
  if (how.what != outcome::done) return 0;
  const std::uint64_t left = rules_.rotate_bytes > size_ ? rules_.rotate_bytes - size_ : 0;
  if (lines.bytes() <= left) return lines.bytes();
  return std::max(first, lines.line_end_before(static_cast<std::size_t>(left)));
}

write_result file_output::write(const outgoing& lines) {
  result how = moved_ ? rotate() : result{};
  const std::size_t most = how.what == outcome::done ? allowed(lines, how) : 0;
  if (how.what != outcome::done) return {0, how.what, std::move(how.why)};
  if (unended_) {
    if (::write(file_.get(), &*rules_.terminator, 1) != 1) {
      how = failed("write", errno);
      return {0, how.what, std::move(how.why)};
    }
    ++size_;
    unended_ = false;
  }

  std::size_t taken = 0;
  std::size_t piece = 0, offset = 0;
  const auto all = lines.pieces();
  while (taken < most) {
    std::array<iovec, 64> rest;
    std::size_t n = 0, bytes = 0;
    std::size_t at = piece, from = offset;
    for (; at < all.size() && n < rest.size() && bytes < most - taken; ++at, from = 0) {
      const std::size_t here = std::min(all[at].iov_len - from, most - taken - bytes);
      rest[n++] = {static_cast<char*>(all[at].iov_base) + from, here};
      bytes += here;
    }
    const ssize_t written = ::writev(file_.get(), rest.data(), static_cast<int>(n));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      how = failed("write", errno);
      return {taken, how.what, std::move(how.why)};
    }
    taken += static_cast<std::size_t>(written);
    size_ += static_cast<std::uint64_t>(written);
    for (std::size_t left = static_cast<std::size_t>(written); left > 0;) {
      const std::size_t here = std::min(left, all[piece].iov_len - offset);
      left -= here;
      offset += here;
      if (offset == all[piece].iov_len) ++piece, offset = 0;
    }
  }
  return {taken};
}

bool file_output::is_ours(const fd& file) const {
  struct stat ours {}, theirs {};
  return file_ && ::fstat(file_.get(), &ours) == 0 && ::fstat(file.get(), &theirs) == 0 &&
         ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

// In two steps that can each be tried again: the live file gets its rotated name, a new live file is made. Until the
// second has succeeded the old file stays ours, and its lock with it. What is at the path and is not ours was put there
// when somebody renamed our file: then that is done already.
result file_output::rotate() {
  if (!regular_ || (size_ == 0 && !moved_)) return {};
  if (!moved_ && is_ours(fd(::open(rules_.path.c_str(), O_PATH | O_CLOEXEC))))
    if (const int error_number = rotation_.move_away(); error_number != 0) return failed("rotate", error_number);
  moved_ = true;
  fd next;
  bool created = false;
  if (const int error_number = open_file(next, created); error_number != 0) return failed("make", error_number);
  if (is_ours(next)) return moved_ = false, result{};  // it has come back
  if (auto held = lock(next); !held.empty()) return {outcome::retry, std::move(held)};
  moved_ = false;
  ++rotations_;
  auto how = take(std::move(next));
  rotation_.retain();
  return how;
}

void file_output::close(std::size_t torn_bytes) noexcept {
  struct stat now {};
  if (torn_bytes > 0 && file_ && regular_ && ::fstat(file_.get(), &now) == 0 &&
      static_cast<std::uint64_t>(now.st_size) == size_)
    static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(size_ - torn_bytes)));
  file_.reset();
}

result file_output::failed(std::string_view doing, int error_number) const {
  if (error_number == ESPIPE)
    return {outcome::retry, fmt::format("unable to open {0}: it is a FIFO; write it as fifo:{0}", rules_.path)};
  return {outcome::retry, fmt::format("unable to {} {}: {}", doing, rules_.path, error_text(error_number))};
}

}  // namespace logrelay
