#pragma once
/// A folder of a test's own, under TMPDIR, and what a test does with the files in it. Gone with its owner, whatever
/// is in it. One thread; the helpers may be called from any.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay::support {

class temp_folder {
 public:
  /// Below TMPDIR (or where that is not set, the system's folder for such). Throws when it cannot be made.
  temp_folder();
  /// Below `parent`, which must exist: to be on another file system.
  explicit temp_folder(const std::filesystem::path& parent);
  temp_folder(temp_folder&& other) noexcept;
  temp_folder& operator=(temp_folder&&) = delete;
  ~temp_folder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// folder / "a.log" is the name of a file in it, there or not.
  friend std::string operator/(const temp_folder& folder, std::string_view name) {
    return (folder.path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

/// The whole file. Throws where it cannot be read.
[[nodiscard]] std::string read_file(const std::string& path);
/// The same, and empty where it cannot be: for a file that comes and goes.
[[nodiscard]] std::string read_if_there(const std::string& path);
/// Creates or empties it first.
void write_file(const std::string& path, std::string_view text);
/// 0 where there is none.
[[nodiscard]] std::uint64_t file_size(const std::string& path);
/// The names in a folder, sorted.
[[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& folder);

}  // namespace logrelay::support
