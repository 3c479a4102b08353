#pragma once
/// The names of a file's rotated parts, PATH.20261122T140501.123456Z, and which of them are kept. Listener's thread.
/// The time is UTC and of fixed width, so that names sort by age. Nothing that is not named exactly so, and no
/// directory or link, is ever touched.
#include <logrelay/util/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

class rotation {
 public:
  /// `keep`: rotated parts that stay, the live file not counted; nothing: all of them.
  rotation(std::string path, std::optional<std::uint64_t> keep, const time_source& clock);

  /// Renames the live file to a name that no file has and that sorts behind all earlier ones. Returns an errno or 0.
  [[nodiscard]] int move_away();
  /// Removes the oldest parts beyond `keep`.
  void retain();

  /// Whether `name` is that of a rotated part of the file named `base`.
  [[nodiscard]] static bool is_part(std::string_view name, std::string_view base);

 private:
  [[nodiscard]] std::vector<std::string> parts() const;  // names, oldest first

  std::string path_, folder_, base_;
  std::optional<std::uint64_t> keep_;
  const time_source& clock_;
  std::string last_;  // the newest part's name
};

}  // namespace logrelay
