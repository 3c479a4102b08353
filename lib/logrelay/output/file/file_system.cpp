#include <logrelay/output/file/file_system.hpp>

#include <dirent.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace logrelay {

int file_system::open(int folder, const char* name, int flags, unsigned mode) {
  return ::openat(folder, name, flags, mode);
}
ssize_t file_system::write(int file, const iovec* pieces, int n) { return ::writev(file, pieces, n); }
ssize_t file_system::read(int file, void* to, std::size_t bytes) { return ::read(file, to, bytes); }
ssize_t file_system::read_at(int file, void* to, std::size_t bytes, off_t at) { return ::pread(file, to, bytes, at); }
int file_system::truncate(int file, off_t size) { return ::ftruncate(file, size); }
int file_system::sync(int file) { return ::fsync(file); }
int file_system::sync_data(int file) { return ::fdatasync(file); }
int file_system::status(int file, struct stat& facts) { return ::fstat(file, &facts); }
int file_system::status(int folder, const char* name, struct stat& facts, int flags) {
  return ::fstatat(folder, name, &facts, flags);
}
int file_system::mode(int file, unsigned mode) { return ::fchmod(file, mode); }
int file_system::owner(int file, uid_t user, gid_t group) { return ::fchown(file, user, group); }
int file_system::times(int file, const timespec times[2]) { return ::futimens(file, times); }
int file_system::rename(int folder, const char* from, const char* to, unsigned flags) {
  return ::renameat2(folder, from, folder, to, flags);
}
int file_system::remove(int folder, const char* name, int flags) { return ::unlinkat(folder, name, flags); }
int file_system::link_to(const char* target, int folder, const char* name) { return ::symlinkat(target, folder, name); }
ssize_t file_system::read_link(int folder, const char* name, char* to, std::size_t bytes) {
  return ::readlinkat(folder, name, to, bytes);
}
int file_system::make_folder(const char* path, unsigned mode) { return ::mkdir(path, mode); }
int file_system::lock(int file, int how) { return ::flock(file, how); }

int file_system::turn(int file, short how) {
  struct flock whole {};
  whole.l_type = how;
  whole.l_whence = SEEK_SET;
  return ::fcntl(file, F_OFD_SETLKW, &whole);
}

int file_system::free_bytes(int folder, std::uint64_t& bytes) {
  struct statvfs facts {};
  if (::fstatvfs(folder, &facts) != 0) return -1;
  bytes = static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
  return 0;
}

int file_system::names(int folder, const std::function<void(const char*)>& each) {
  const int reading = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (reading < 0) return -1;
  DIR* const entries = ::fdopendir(reading);
  if (!entries) {
    const int why = errno;
    ::close(reading);
    errno = why;
    return -1;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> owner(entries, ::closedir);
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(entries);
    if (!entry) return errno == 0 ? 0 : -1;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) each(entry->d_name);
  }
}

split_path::split_path(const std::string& path) {
  const auto slash = path.rfind('/');
  folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  name = slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace logrelay
