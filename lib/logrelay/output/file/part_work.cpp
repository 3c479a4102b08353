#include <logrelay/output/file/part_work.hpp>

#include <logrelay/error.hpp>
#include <logrelay/output/file/hook.hpp>
#include <logrelay/output/file/pack.hpp>
#include <logrelay/util/child.hpp>

#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>

namespace logrelay {

int rename_new(file_system& files, int folder, const std::string& from, const std::string& to) {
  if (files.rename(folder, from.c_str(), to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  struct stat there {};
  if (files.status(folder, to.c_str(), there, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return files.rename(folder, from.c_str(), to.c_str(), 0) == 0 ? 0 : errno;
}

work_result part_work::finish(part_job& job) {
  work_result done;
  const auto failed = [&](int why, std::string_view doing) {
    done.error_number = why;
    done.doing = fmt::format("{} {}/{}", doing, job.where.folder, name_.empty() ? job.plain : name_);
    return done;
  };
  folder_.reset(files_.open(AT_FDCWD, job.where.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  if (!folder_) return errno == ENOENT ? done : failed(errno, "open the folder of");
  if (const int why = find(job); why != 0) return why == ENOENT || why == EWOULDBLOCK ? done : failed(why, "open");
  if (const int why = end_last_line(); why != 0) return failed(why, "end the last line of");
  if (rules_.sync != sync_when::never && files_.sync(part_.get()) != 0) return failed(errno, "sync");
  if (rules_.compress != compression::none && !packed_already_)
    if (const int why = pack_it(job); why != 0) return failed(why, "compress");
  if (const int why = tell(job, done.notice); why != 0) return failed(why, "tell the command about");
  if (files_.status(part_.get(), facts_) != 0) return failed(errno, "look at");
  // Who does not own it cannot mark it either: then it was never marked.
  if ((facts_.st_mode & unfinished) != 0 && files_.mode(part_.get(), facts_.st_mode & 07777 & ~unfinished) != 0 &&
      errno != EPERM)
    return failed(errno, "finish");
  if (rules_.sync != sync_when::never) {
    const fd reading(files_.open(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
    if (!reading || files_.sync(reading.get()) != 0) return failed(errno, "sync the folder of");
  }
  return done;
}

int part_work::look(const std::string& name, file_identity which, found& what) {
  struct stat facts {};
  what = found::nothing;
  if (files_.status(folder_.get(), name.c_str(), facts, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : errno;
  what = S_ISREG(facts.st_mode) && identity_of(facts) == which ? found::it : found::other;
  return 0;
}

// Opens the part by the name that it has now: a newer one may have pushed it to a higher number.
int part_work::find(part_job& job) {
  const auto read = job.where.names->read(job.plain);
  if (!read) return ENOENT;
  const auto live = read->number == 0 ? std::string() : read->plain.substr(0, read->plain.rfind('.'));
  const auto packed = suffix(rules_.compress);
  {
    const std::lock_guard lock(names_);
    name_.clear();
    for (auto number = read->number;; ++number) {
      const auto plain = number == 0 ? job.plain : part_names::at_number(live, number);
      bool there = false;
      for (const auto how : {compression::none, compression::gzip, compression::zstd}) {
        found what{};
        const auto name = plain + std::string(suffix(how));
        if (const int why = look(name, job.which, what); why != 0) return why;
        there = there || what != found::nothing;
        if (what == found::it) name_ = name;
      }
      if (!name_.empty()) job.plain = plain;
      if (!name_.empty() || !there || number == 0) break;
    }
    if (name_.empty()) return ENOENT;
    // The original is still there although its packed one has its name: only its removal is missing.
    struct stat facts {};
    const bool both =
        name_ == job.plain && !packed.empty() &&
        files_.status(folder_.get(), (job.plain + std::string(packed)).c_str(), facts, AT_SYMLINK_NOFOLLOW) == 0;
    if (!both && name_ == job.plain && !packed.empty() && errno != ENOENT) return errno;
    if (both && S_ISREG(facts.st_mode) && (facts.st_mode & unfinished) != 0) {
      if (files_.remove(folder_.get(), name_.c_str(), 0) != 0) return errno;
      name_ = job.plain + std::string(packed);
      job.which = identity_of(facts);
    }
  }
  part_.reset(files_.open(folder_.get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0));
  if (!part_) return errno;
  if (files_.status(part_.get(), facts_) != 0) return errno;
  if (identity_of(facts_) != job.which) return EAGAIN;  // it has just been renamed: look again
  packed_already_ = name_ != job.plain;
  was_live_ = read->was_live;
  if (was_live_ && files_.lock(part_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return errno;
  return 0;
}

// Only a live file that a crash left behind can end within a line; nobody writes to it, for we hold its lock.
int part_work::end_last_line() {
  if (!rules_.terminator || facts_.st_size == 0 || !was_live_ || packed_already_) return 0;
  char last = 0;
  if (files_.read_at(part_.get(), &last, 1, facts_.st_size - 1) != 1) return errno;
  if (last == *rules_.terminator) return 0;
  const fd writing(files_.open(folder_.get(), name_.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0));
  char end = *rules_.terminator;
  const iovec piece{&end, 1};
  return writing && files_.write(writing.get(), &piece, 1) == 1 ? 0 : errno;
}

int part_work::open_packed(const std::string& name) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  packed_.reset(files_.open(folder_.get(), name.c_str(), flags, 0600 | unfinished));
  if (!packed_ && errno == EEXIST && files_.remove(folder_.get(), name.c_str(), 0) == 0)  // what a crash has left
    packed_.reset(files_.open(folder_.get(), name.c_str(), flags, 0600 | unfinished));
  if (!packed_) return errno;
  unsigned mode = facts_.st_mode & 0777;
  if (files_.owner(packed_.get(), facts_.st_uid, facts_.st_gid) != 0) {
    if (errno != EPERM) return errno;
    mode &= 0707;  // another group is not to get in
  }
  return files_.mode(packed_.get(), mode | unfinished) == 0 ? 0 : errno;
}

int part_work::pack_it(part_job& job) {
  const auto made = job.plain + std::string(suffix(rules_.compress)) + std::string(being_packed);
  int why = open_packed(made);
  if (why == 0)
    why = pack(files_, part_.get(), packed_.get(), rules_.compress, rules_.level, [this] { return until_.stopping(); });
  const timespec times[2] = {facts_.st_atim, facts_.st_mtim};
  if (why == 0 && (files_.times(packed_.get(), times) != 0 || files_.sync(packed_.get()) != 0)) why = errno;
  if (why == 0) why = give_name(job, made);
  if (why != 0 && packed_) static_cast<void>(files_.remove(folder_.get(), made.c_str(), 0));
  return why;
}

// The packed part gets its name, for good, and only then the original goes, which find() sees to. Names stay free to
// move while the disk is waited for.
int part_work::give_name(part_job& job, const std::string& made) {
  if (const int why = find(job); why != 0) return why;
  struct stat facts {};
  if (files_.status(packed_.get(), facts) != 0) return errno;
  {
    const std::lock_guard lock(names_);
    found what{};
    if (const int why = look(name_, job.which, what); why != 0) return why;
    if (what != found::it) return EAGAIN;
    const auto packed = job.plain + std::string(suffix(rules_.compress));
    if (const int why = rename_new(files_, folder_.get(), made, packed); why != 0) return why;
  }
  const fd reading(files_.open(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!reading || files_.sync(reading.get()) != 0) return errno;
  if (const int why = find(job); why != ENOENT) return why;
  job.which = identity_of(facts);  // the original went when its number moved
  return find(job);
}

int part_work::tell(const part_job& job, std::string& notice) {
  if (rules_.after_rotate.empty()) return 0;
  try {
    const auto status =
        run_hook(rules_.after_rotate, job.where.folder == "." ? name_ : job.where.folder + "/" + name_,
                 rules_.after_rotate_most, until_);
    if (!status) return ECANCELED;
    if (*status != 0) notice = fmt::format("the command of after-rotate {} for {}", describe_end(*status), name_);
    return 0;
  } catch (const error& e) {
    notice = e.what();
    return EAGAIN;
  }
}

}  // namespace logrelay
