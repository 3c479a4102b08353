#pragma once
/// In which order files that one path led to were written. Names tell it, where all of them are of one kind:
///
///     a time     app.log-20261122, app.log.2026-11-22.1: the earlier one is older
///     a number   app.log.1: the larger one is older, as logrotate(8) numbers them; but others count up, and which way it is
///                the times of the files tell, as far as the kernel's clock tells those apart
///
/// Else it is the time of the last write. What the path itself leads to is the newest. Reads folders; any thread.
#include <sys/stat.h>

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

[[nodiscard]] inline bool is_before(const timespec& one, const timespec& other) {
  return one.tv_sec != other.tv_sec ? one.tv_sec < other.tv_sec : one.tv_nsec < other.tv_nsec;
}

struct rotated_file {
  std::string path;
  struct stat what {};
};

/// Those beside `path`. A rotation while names are read may give a file two of them, or none.
[[nodiscard]] std::vector<rotated_file> rotated_files(const std::string& path);
/// Whether nothing was rotated between the two.
[[nodiscard]] bool have_same_names(const std::vector<rotated_file>& one, const std::vector<rotated_file>& other);

class rotation_order {
 public:
  /// `all`: those beside `path`, from which it learns what their names mean.
  rotation_order(std::string path, const std::vector<rotated_file>& all);
  /// Whether a file of that name, which was written to last then, is older than the other.
  [[nodiscard]] bool is_older(std::string_view one, const timespec& written, std::string_view other, const timespec& other_written) const;

 private:
  enum class told_by { clock, time_in_name, number_down, number_up };
  [[nodiscard]] told_by learn(const std::vector<rotated_file>& all) const;
  [[nodiscard]] std::string_view behind_path(std::string_view name) const;

  const std::string path_;
  const told_by by_;
};

}  // namespace logrelay
