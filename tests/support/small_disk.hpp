#pragma once
/// A file system that is soon full: a tmpfs of its own, where we may mount one.
#include <support/temp_folder.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace logrelay::support {

class small_disk {
 public:
  /// Nothing where mounting is not allowed.
  static std::optional<small_disk> mount(std::uint64_t bytes);
  small_disk(small_disk&& other) noexcept = default;
  small_disk& operator=(small_disk&&) = delete;
  ~small_disk();

  friend std::string operator/(const small_disk& disk, std::string_view name) { return disk.folder_ / name; }
  /// Writes a file until not one byte more goes in.
  void fill() const;
  /// Removes that file.
  void make_room() const;

 private:
  explicit small_disk(temp_folder folder) : folder_(std::move(folder)) {}

  temp_folder folder_;
};

}  // namespace logrelay::support
