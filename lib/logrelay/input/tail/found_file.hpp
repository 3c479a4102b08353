#pragma once
/// A file that a search has found, and opened to know it by. A plain value.
#include <logrelay/input/tail/checkpoint.hpp>

#include <ctime>
#include <string>

namespace logrelay {

struct found_file {
  fd file;
  std::string path;
  file_position place;  ///< which it is; nothing of it is known yet
  timespec changed;     ///< when it was written to last …
  std::uint64_t size;   ///< … and what it had then

  [[nodiscard]] bool is(dev_t device, ino_t inode) const { return place.device == device && place.inode == inode; }
  [[nodiscard]] bool is(const found_file& other) const { return is(other.place.device, other.place.inode); }
};

/// What `path` leads to; without a file, and errno says why, where that cannot be opened.
[[nodiscard]] found_file open_found(const std::string& path);
/// One that was open already, at a place that is known.
[[nodiscard]] found_file still_open(fd file, const file_position& place);

}  // namespace logrelay
