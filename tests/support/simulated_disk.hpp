#pragma once
/// A spool's folder in memory, which can be full, broken or hung, and which remembers each operation: so that a test can
/// see the folder as it may be after the power failed at any moment.
#include <logrelay/spool/disk.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logrelay::support {

/// What a folder holds: names and contents.
using folder_image = std::map<std::string, std::string>;

class simulated_disk final : public disk {
 public:
  simulated_disk() : simulated_disk(folder_image{}) {}
  explicit simulated_disk(const folder_image& image);

  int list(std::vector<entry>& files) override;
  int create(const std::string& name, std::unique_ptr<disk_file>& file) override;
  int open(const std::string& name, std::unique_ptr<disk_file>& file) override;
  int remove(const std::string& name) override;
  int rename(const std::string& from, const std::string& to) override;
  int sync_names() override;

  [[nodiscard]] folder_image image() const;
  [[nodiscard]] std::uint64_t bytes() const;

  enum class kind { create, write, sync, remove, rename, sync_names, read };
  /// Asked before each operation: an errno makes it fail (a write after half of its bytes).
  std::function<int(kind, std::size_t bytes)> fault;

  struct operation {
    kind what;
    std::string name, other;   // of names
    std::size_t file = 0;      // of contents
    std::uint64_t offset = 0;
    std::string bytes;
  };
  [[nodiscard]] const std::vector<operation>& operations() const { return operations_; }
  bool remembers = true;

  /// Calls `look` with each folder that may be left when the power fails after the first `operations`, begun with an empty
  /// one: what was synced is there, and of the rest nothing, all, any part, in any order, or torn. The first is the one
  /// where all is there, as after a kill. Returns how many.
  std::size_t each_crash(std::size_t operations, const std::function<void(const folder_image&, bool all_kept)>& look) const;

 private:
  friend class simulated_file;
  std::map<std::string, std::size_t> names_;
  std::vector<std::shared_ptr<std::string>> contents_;
  std::vector<operation> operations_;
};

}  // namespace logrelay::support
