#pragma once
/// Finds the parts of a live file, and removes those that may not stay, the oldest first. What is not a regular file
/// with a part's exact name is not seen. Stateless; any thread.
#include <logrelay/output/file/file_system.hpp>
#include <logrelay/output/file/rules.hpp>

#include <vector>

namespace logrelay {

struct found_part {
  part_name name;
  std::uint64_t bytes = 0;
  std::int64_t second = 0;  ///< of its rotation, or its last change
  unsigned mode = 0;
  dev_t device = 0;
  ino_t inode = 0;
};

/// In the open folder `folder`, by age, the oldest first; the live file `live` is none. Returns an errno or 0.
[[nodiscard]] int find_parts(file_system& files, int folder, const part_names& names, const std::string& live,
                             std::vector<found_part>& into);

/// Removes what a crash has left of packing, PART.gz.tmp. Nothing may be packing. Returns an errno or 0.
[[nodiscard]] int remove_half_packed(file_system& files, int folder, const part_names& names);

/// How many of `parts`, from the front, may not stay at `now`, by all rules but free_bytes.
[[nodiscard]] std::size_t too_many(const std::vector<found_part>& parts, const keep_rules& keep, wall_time now);

/// Removes one part, if it still is what was found. A live file of this relay or another is none. Returns an errno or
/// 0.
[[nodiscard]] int remove_part(file_system& files, int folder, const found_part& part);

}  // namespace logrelay
