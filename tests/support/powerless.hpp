#pragma once
/// For as long as it lives the process is nobody, if it was root: what only root may do is refused then.
#include <unistd.h>

namespace logrelay::support {

class powerless {
 public:
  powerless() : was_root_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~powerless() {
    if (was_root_ && ::seteuid(0) != 0) ::_exit(1);
  }
  powerless(const powerless&) = delete;

 private:
  const bool was_root_;
};

}  // namespace logrelay::support
