#pragma once
/// Up to where the lines of a spool are settled: the file `cursor`, moved only after delivery. It has two slots, written in
/// turns, so that a write that is torn leaves the older one. Belongs to its spool.
///
/// A slot, at byte 0 and at byte 512:
///      0  magic "LRCURSR\n"
///      8  u64 generation: the higher one counts
///     16  u64 lines, u64 bytes: the place of the first line that is not settled
///     32  u32 CRC32C of the 32 bytes before
///
/// Where both are wrong all that is in the spool is delivered again: twice is better than never.
#include <logrelay/spool/disk.hpp>
#include <logrelay/spool/record.hpp>

#include <memory>
#include <optional>

namespace logrelay {

class spool_cursor {
 public:
  static constexpr std::string_view name = "cursor";
  static constexpr std::uint64_t most_bytes = 512 + 36;

  explicit spool_cursor(disk& folder) : folder_(folder) {}

  /// Nothing where there is none; `damaged()` where there was one.
  int read();
  [[nodiscard]] std::optional<spool_place> place() const { return place_; }
  [[nodiscard]] bool damaged() const { return damaged_; }

  /// Creates the file when it is not there yet.
  int write(const spool_place& place);
  int sync();
  int remove();

 private:
  disk& folder_;
  std::unique_ptr<disk_file> file_;
  std::optional<spool_place> place_;
  std::uint64_t generation_ = 0;
  bool damaged_ = false;
  bool new_name_ = false;
};

}  // namespace logrelay
