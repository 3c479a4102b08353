#pragma once
/// The system calls of the file output: all there are, so that a test can make each of them fail, or be the last one
/// before a kill. Each is what its page in section 2 says: -1 and errno on failure. Names are relative to a descriptor
/// of their folder. Any thread; the real one has no state.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cstdint>
#include <functional>
#include <string>

namespace logrelay {

class file_system {
 public:
  virtual ~file_system() = default;

  virtual int open(int folder, const char* name, int flags, unsigned mode);  ///< openat(2)
  virtual ssize_t write(int file, const iovec* pieces, int n);               ///< writev(2)
  virtual ssize_t read(int file, void* to, std::size_t bytes);
  virtual ssize_t read_at(int file, void* to, std::size_t bytes, off_t at);  ///< pread(2)
  virtual int truncate(int file, off_t size);
  virtual int sync(int file);  ///< fsync(2), of a folder too
  virtual int sync_data(int file);
  virtual int status(int file, struct stat& facts);
  virtual int status(int folder, const char* name, struct stat& facts, int flags);  ///< fstatat(2)
  virtual int mode(int file, unsigned mode);
  virtual int owner(int file, uid_t user, gid_t group);
  virtual int times(int file, const timespec times[2]);  ///< futimens(2)
  virtual int rename(int folder, const char* from, const char* to, unsigned flags);  ///< renameat2(2)
  virtual int remove(int folder, const char* name, int flags);                       ///< unlinkat(2)
  virtual int link_to(const char* target, int folder, const char* name);             ///< symlinkat(2)
  virtual ssize_t read_link(int folder, const char* name, char* to, std::size_t bytes);
  virtual int make_folder(const char* path, unsigned mode);
  virtual int lock(int file, int how);     ///< flock(2)
  virtual int turn(int file, short how);   ///< F_OFD_SETLKW on the whole file: F_WRLCK, F_UNLCK
  virtual int free_bytes(int folder, std::uint64_t& bytes);  ///< fstatvfs(3): what an ordinary user may still take
  /// Every name in the folder, in no order. A name that comes or goes meanwhile may be missing.
  virtual int names(int folder, const std::function<void(const char*)>& each);
};

/// Which file on which device: what a path says may be another one at any time.
struct file_identity {
  dev_t device = 0;
  ino_t number = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};
[[nodiscard]] inline file_identity identity_of(const struct stat& facts) { return {facts.st_dev, facts.st_ino}; }

/// A path as the folder above it, and its name there. "a.log" is in ".".
struct split_path {
  explicit split_path(const std::string& path);
  std::string folder;
  std::string name;
};

}  // namespace logrelay
