#include <logrelay/input/tail/found_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace logrelay {

found_file open_found(const std::string& path) {
  found_file one{fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), path, {}, {}, 0};
  struct stat what {};
  if (!one.file || ::fstat(one.file.get(), &what) != 0) return one;
  one.place.device = what.st_dev;
  one.place.inode = what.st_ino;
  one.place.path = path;
  one.changed = what.st_mtim;
  one.size = static_cast<std::uint64_t>(what.st_size);
  return one;
}

found_file still_open(fd file, const file_position& place) {
  struct stat what {};
  ::fstat(file.get(), &what);
  return {std::move(file), place.path, place, what.st_mtim, static_cast<std::uint64_t>(what.st_size)};
}

}  // namespace logrelay
