#include <logrelay/util/lock_holder.hpp>

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <sstream>

namespace logrelay {

// A line of /proc/locks (proc(5)):  1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
std::string lock_holder(dev_t device, ino_t inode) {
  const auto file = fmt::format("{:02x}:{:02x}:{}", major(device), minor(device), inode);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, how, access, pid, where;
    if (!(words >> number >> kind >> how >> access >> pid >> where) || where != file) continue;
    if (pid == "0" || pid == "-1") break;  // of another PID namespace, or of no process
    std::string name;
    std::getline(std::ifstream("/proc/" + pid + "/comm"), name);
    return name.empty() ? "process " + pid : fmt::format("process {} ({})", pid, name);
  }
  return "another process";
}

}  // namespace logrelay
