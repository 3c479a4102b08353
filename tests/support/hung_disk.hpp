#pragma once
/// A disk that hangs when it is told to: an ext4 of its own in a file, where we may mount one, which is frozen as for a
/// snapshot. Whoever writes there then waits in the kernel, and cannot even be killed, until it goes on.
#include <support/temp_folder.hpp>

#include <logrelay/util/fd.hpp>

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace logrelay::support {

class hung_disk {
 public:
  /// Null where mounting is not allowed, or there is no mkfs.ext4.
  static std::unique_ptr<hung_disk> mount();
  hung_disk(const hung_disk&) = delete;
  hung_disk& operator=(const hung_disk&) = delete;
  ~hung_disk();

  friend std::string operator/(const hung_disk& disk, std::string_view name) { return disk.folder_ / ("disk/" + std::string(name)); }
  /// Until go_on(), or our end, however that comes.
  void hang();
  void go_on();

 private:
  hung_disk() = default;

  temp_folder folder_;
  bool mounted_ = false;
  pid_t thawer_ = 0;
  fd hanging_;  // while it is open
};

}  // namespace logrelay::support
