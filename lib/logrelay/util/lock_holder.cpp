#include <logrelay/util/lock_holder.hpp>

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <sstream>

namespace logrelay {
namespace {

// Of the process that has it, as /proc/locks tells; empty where it tells of none.
// A line there (proc(5)):  1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
std::string pid_at(const std::string& file) {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, how, access, pid, where;
    if (words >> number >> kind >> how >> access >> pid >> where && where == file) return pid;
  }
  return {};
}

}  // namespace

std::string lock_holder(dev_t device, ino_t inode) {
  const auto file = fmt::format("{:02x}:{:02x}:{}", major(device), minor(device), inode);
  std::string pid;
  for (int looks = 0; pid.empty() && looks < 3; ++looks) pid = pid_at(file);  // a line is missed when others come or go meanwhile
  if (pid.empty() || pid == "0" || pid == "-1") return "another process";     // or of another PID namespace, or of none
  std::string name;
  std::getline(std::ifstream("/proc/" + pid + "/comm"), name);
  return name.empty() ? "process " + pid : fmt::format("process {} ({})", pid, name);
}

}  // namespace logrelay
