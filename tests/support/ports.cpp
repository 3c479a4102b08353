#include <support/ports.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace logrelay::support {
namespace {

std::set<std::string> socket_inodes(pid_t process) {
  std::set<std::string> inodes;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd", ec)) {
    const auto target = std::filesystem::read_symlink(entry.path(), ec).string();
    if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
  }
  return inodes;
}

/// The local ports in one of /proc/net's tables whose socket is in `inodes` and has that state.
void add_ports(std::set<std::uint16_t>& ports, const char* table, const char* state,
               const std::set<std::string>& inodes) {
  std::ifstream rows(table);
  std::string row;
  std::getline(rows, row);
  while (std::getline(rows, row)) {
    std::istringstream fields(row);
    std::string number, local, remote, its_state, queues, timer, retransmits, user, timeout, inode;
    fields >> number >> local >> remote >> its_state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    if (its_state != state || !inodes.contains(inode)) continue;
    ports.insert(static_cast<std::uint16_t>(std::stoul(local.substr(local.rfind(':') + 1), nullptr, 16)));
  }
}

}  // namespace

std::vector<std::uint16_t> listening_tcp_ports(pid_t process) {
  std::set<std::uint16_t> ports;
  const auto inodes = socket_inodes(process);
  add_ports(ports, "/proc/net/tcp", "0A", inodes);
  add_ports(ports, "/proc/net/tcp6", "0A", inodes);
  return {ports.begin(), ports.end()};
}

std::vector<std::uint16_t> bound_udp_ports(pid_t process) {
  std::set<std::uint16_t> ports;
  const auto inodes = socket_inodes(process);
  add_ports(ports, "/proc/net/udp", "07", inodes);
  add_ports(ports, "/proc/net/udp6", "07", inodes);
  return {ports.begin(), ports.end()};
}

}  // namespace logrelay::support
