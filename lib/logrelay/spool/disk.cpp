#include <logrelay/spool/disk.hpp>

#include <logrelay/error.hpp>
#include <logrelay/util/lock_holder.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace logrelay {
namespace {

// File systems find room for a megabyte at once for less than for each of its pages: on ext4 a write costs a third less.
constexpr std::uint64_t reserve_bytes = 1024 * 1024;

class folder_file final : public disk_file {
 public:
  explicit folder_file(fd file) : file_(std::move(file)) {}
  // What was asked for and not written is given back: a spool takes no more of the disk than its limit says.
  ~folder_file() override {
    struct stat is{};
    if (reserved_ > 0 && ::fstat(file_.get(), &is) == 0) static_cast<void>(::ftruncate(file_.get(), is.st_size));
  }

  int write(std::uint64_t offset, std::span<const iovec> pieces) override {
    std::vector<iovec> rest(pieces.begin(), pieces.end());
    std::uint64_t end = offset;
    for (const auto& each : rest) end += each.iov_len;
    reserve(offset, end);
    for (std::size_t first = 0; first < rest.size();) {
      const auto n = ::pwritev(file_.get(), rest.data() + first, static_cast<int>(std::min<std::size_t>(rest.size() - first, IOV_MAX)),
                               static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      offset += static_cast<std::uint64_t>(n);
      auto wrote = static_cast<std::size_t>(n);
      for (; first < rest.size() && wrote >= rest[first].iov_len; ++first) wrote -= rest[first].iov_len;
      if (wrote == 0) continue;
      rest[first].iov_base = static_cast<char*>(rest[first].iov_base) + wrote;
      rest[first].iov_len -= wrote;
    }
    return 0;
  }

  int read(std::uint64_t offset, std::span<char> into, std::size_t& got) override {
    for (got = 0; got < into.size();) {
      const auto n = ::pread(file_.get(), into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return 0;
  }

  int sync() override { return ::fdatasync(file_.get()) == 0 ? 0 : errno; }

 private:
  // Room for what comes, a step ahead; a file that stays small asks for none. Where there is none, the write will say so.
  void reserve(std::uint64_t offset, std::uint64_t end) {
    if (end < reserve_bytes || end <= reserved_) return;
    const auto from = std::max(offset, reserved_);
    reserved_ = (end + reserve_bytes - 1) / reserve_bytes * reserve_bytes;
    static_cast<void>(::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), static_cast<off_t>(reserved_ - from)));
  }

  fd file_;
  std::uint64_t reserved_ = 0;
};

}  // namespace

folder_disk::folder_disk(std::string path, access how) : path_(std::move(path)), how_(how) {
  if (how_ == access::exclusive) {
    made_ = ::mkdir(path_.c_str(), 0777) == 0;
    if (!made_ && errno != EEXIST) throw system_error("make the folder " + path_, errno);
  }
  folder_ = fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) {
    const int error_number = errno;
    unmake();
    throw system_error("open the folder " + path_, error_number);
  }
  if (how_ == access::look) return;
  if (::flock(folder_.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) throw system_error("lock the folder " + path_, errno);
  struct stat is{};
  ::fstat(folder_.get(), &is);
  throw error(fmt::format("unable to use the folder {}: {} holds it", path_, lock_holder(is.st_dev, is.st_ino)));
}

void folder_disk::unmake() noexcept {
  if (std::exchange(made_, false)) ::rmdir(path_.c_str());
}

void folder_disk::give_to(uid_t user, gid_t group) noexcept {
  if (made_) static_cast<void>(::fchown(folder_.get(), user, group));  // where that fails, the first write will say so
}

void folder_disk::unlock() noexcept { ::flock(folder_.get(), LOCK_UN); }

int folder_disk::list(std::vector<entry>& files) {
  files.clear();
  const int again = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return errno;
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::fdopendir(again), ::closedir);
  if (!all) return errno;
  for (;;) {
    errno = 0;
    const dirent* const one = ::readdir(all.get());
    if (one == nullptr) return errno;
    struct stat is{};
    if (::fstatat(folder_.get(), one->d_name, &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode)) continue;
    files.push_back({one->d_name, static_cast<std::uint64_t>(is.st_size)});
  }
}

int folder_disk::create(const std::string& name, std::unique_ptr<disk_file>& file) {
  fd made(::openat(folder_.get(), name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made) return errno;
  file = std::make_unique<folder_file>(std::move(made));
  return 0;
}

int folder_disk::open(const std::string& name, std::unique_ptr<disk_file>& file) {
  fd opened(::openat(folder_.get(), name.c_str(), (how_ == access::look ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW));
  if (!opened) return errno;
  file = std::make_unique<folder_file>(std::move(opened));
  return 0;
}

int folder_disk::remove(const std::string& name) { return ::unlinkat(folder_.get(), name.c_str(), 0) == 0 ? 0 : errno; }

int folder_disk::rename(const std::string& from, const std::string& to) {
  return ::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) == 0 ? 0 : errno;
}

int folder_disk::sync_names() { return ::fsync(folder_.get()) == 0 ? 0 : errno; }

}  // namespace logrelay
