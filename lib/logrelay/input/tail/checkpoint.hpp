#pragma once
/// Up to where the files that a tail follows are settled, on disk: read at the start, replaced as a whole afterwards.
/// One relay has it at a time, by a lock that ends with the process.
///
/// The file is text, so that an operator can look into it. Its first line names the format, its last line how many there
/// are between and the CRC32C of everything before it; each of the others is a file:
///
///     logrelay-tail 1
///     DEVICE INODE OFFSET HEAD-SIZE HEAD-CRC32C open|done PATH
///     end COUNT CRC32C
///
/// Numbers are decimal. A file is known by device, inode and its first HEAD-SIZE bytes (1024 at most, and no more than were
/// read), since an inode that is free is given to the next file at once. Every line that ends at or before OFFSET is
/// settled. `done`: nothing more is read of it; it is kept so that a rotated file is not taken for one that was missed.
/// In PATH, a percent sign, what is not printable ASCII, and a space are written %XX.
///
/// The file's own time, as stat(2) gives it, is the moment of the last look for files: what was written to since may be one
/// that nobody has seen. (That of its writing is later, and a file that came and was rotated in between would be missed.)
///
/// It is replaced by rename(2): a crash of ours leaves the old one or the new one. It is not synced, which a busy disk would
/// make last for seconds at the end, when nobody waits that long: a power failure may leave an older one, or an empty or torn
/// one on a file system that does not order the two. What is damaged cannot be trusted in any part, and the files are read
/// from their beginning: twice is better than never. A file that is written in place, with two slots as a spool's cursor has
/// them, was the rejected idea: the number of files has no bound that would be known at the start.
#include <logrelay/util/fd.hpp>

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

/// A file as it was known at a moment. A plain value.
struct file_position {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t offset = 0;     ///< up to which its lines are settled
  std::uint32_t head_size = 0;  ///< bytes at its beginning …
  std::uint32_t head_crc = 0;   ///< … and their CRC32C
  bool done = false;
  std::string path;
  friend bool operator==(const file_position&, const file_position&) = default;
};

inline constexpr std::size_t most_head_bytes = 1024;

[[nodiscard]] std::string to_text(const std::vector<file_position>& positions);
/// Nothing when any byte of it is not as it was written.
[[nodiscard]] std::optional<std::vector<file_position>> parse_checkpoint(std::string_view text);

class checkpoint_file {
 public:
  /// Main thread: makes it where it is missing, with its folder, locks and reads it; throws error.
  explicit checkpoint_file(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::vector<file_position>& found() const { return found_; }
  [[nodiscard]] bool is_new() const { return made_; }
  [[nodiscard]] timespec looked() const { return looked_; }  ///< when files were looked for, last
  [[nodiscard]] bool damaged() const { return damaged_; }
  /// The thread of the tail, which may hang here as a disk does. 0, or the number of the error: the old one stays then.
  [[nodiscard]] int replace(const std::vector<file_position>& positions, const timespec& looked);

 private:
  [[nodiscard]] bool lock();

  const std::string path_;
  fd file_;  // locked
  bool made_ = false, damaged_ = false;
  timespec looked_{};
  std::vector<file_position> found_;
};

}  // namespace logrelay
