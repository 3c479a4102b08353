#pragma once
/// A file that lines are appended to, rotated by size between lines. The live file is always PATH itself.
///
/// A write is what delivers. A full disk, a quota or an I/O error pauses: the write goes on where it stopped once it
/// can, and what was written of a line that will never be finished here is cut off again at the end. A file that ends
/// without a newline gets one before ours, so that no two lines merge. flock(2) keeps a second relay away.
#include <logrelay/output/output.hpp>
#include <logrelay/output/rotation.hpp>
#include <logrelay/registry.hpp>
#include <logrelay/util/fd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace logrelay {

struct file_rules {
  std::string path;
  bool append = true;
  std::optional<unsigned> mode;      ///< of a new file; nothing: 0666 less the umask
  std::uint64_t rotate_bytes = 0;    ///< 0: never
  std::optional<std::uint64_t> keep;
  std::optional<char> terminator = '\n';  ///< of its lines, where they have one
};

class file_output final : public output {
 public:
  file_output(file_rules rules, const time_source& clock);

  void prepare() override;
  void unprepare() noexcept override;
  bool keeps_place() const override { return true; }
  result open(waiter& wait) override;
  write_result write(const outgoing& lines) override;
  void close(std::size_t torn_bytes) noexcept override;
  result reopen() override;
  result rotate() override;
  std::uint64_t rotations() const override { return rotations_; }

 private:
  [[nodiscard]] int open_file(fd& into, bool& created) const;
  [[nodiscard]] std::string lock(const fd& file) const;
  result take(fd&& file);
  void make_folders();
  [[nodiscard]] bool is_ours(const fd& file) const;
  [[nodiscard]] bool ends_in_mid_line() const;
  result failed(std::string_view doing, int error_number) const;
  [[nodiscard]] std::size_t allowed(const outgoing& lines, result& how);

  const file_rules rules_;
  rotation rotation_;
  fd file_;
  bool regular_ = true;
  bool fresh_ = true;      // not written to since prepare()
  bool moved_ = false;     // a rotation has renamed the file and not yet made a new one
  bool unended_ = false;   // somebody else's last line has no terminator
  std::uint64_t size_ = 0;
  std::uint64_t rotations_ = 0;
  bool made_file_ = false;
  std::vector<std::string> made_folders_;
};

extern const output_kind file_output_kind;

}  // namespace logrelay
