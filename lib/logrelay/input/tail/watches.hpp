#pragma once
/// inotify(7) for a tail: which folders may hold something new, which files have grown. Where the kernel grants no watch, or
/// loses events, everything is looked at again. Owned by a tail; its thread only; never waits.
#include <logrelay/util/fd.hpp>

#include <map>
#include <string>
#include <vector>

namespace logrelay {

class watches {
 public:
  watches();  ///< throws error where there is no inotify

  /// Readable when take() has something.
  [[nodiscard]] int descriptor() const { return inotify_.get(); }

  /// Watches these folders, and no others any more.
  void set_folders(const std::vector<std::string>& folders);
  /// A number for the file, by which take() tells of it; -1: there are too many, and it has to be looked at by itself.
  [[nodiscard]] int add_file(const fd& file);
  void remove_file(int number);
  /// Whether each folder and file that was asked for is watched.
  [[nodiscard]] bool complete() const { return refused_ == 0; }

  struct events {
    bool folders = false;        ///< something has changed in one
    bool everything = false;     ///< events were lost
    std::vector<int> files = {};  ///< that were written to
  };
  /// Everything that has happened since the last call.
  [[nodiscard]] events take();

 private:
  fd inotify_;
  std::map<std::string, int> folders_;  // -1: refused
  std::size_t refused_ = 0;
};

}  // namespace logrelay
