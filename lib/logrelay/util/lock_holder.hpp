#pragma once
/// Who holds a lock on a file: "process 1234 (logrelay)", or "another process" where /proc does not tell.
#include <sys/types.h>

#include <string>

namespace logrelay {

[[nodiscard]] std::string lock_holder(dev_t device, ino_t inode);

}  // namespace logrelay
