#pragma once
/// Files of which nothing more is read: remembered, so that a rotated file is not taken for one that was missed. The oldest
/// are forgotten. Owned by a tail; its thread only.
#include <logrelay/input/tail/found_file.hpp>

#include <deque>
#include <vector>

namespace logrelay {

class finished_files {
 public:
  void remember(file_position position);
  /// All that it has is none of our business.
  void remember_whole(const found_file& one);
  /// The one that this file is, if any.
  [[nodiscard]] const file_position* find(const fd& file, dev_t device, ino_t inode) const;
  [[nodiscard]] const std::deque<file_position>& all() const { return all_; }

 private:
  std::deque<file_position> all_;
};

}  // namespace logrelay
