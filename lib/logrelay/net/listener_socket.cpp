#include <logrelay/net/listener_socket.hpp>

#include <logrelay/net/handed_sockets.hpp>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace logrelay {
namespace {

constexpr int socket_flags = SOCK_CLOEXEC | SOCK_NONBLOCK;

error listen_error(const std::string& where, int error_number) { return system_error("listen on " + where, error_number); }

bound_socket bound_at(fd socket) {
  bound_socket bound{std::move(socket)};
  bound.where.size = sizeof bound.where.bytes;
  ::getsockname(bound.socket.get(), reinterpret_cast<sockaddr*>(&bound.where.bytes), &bound.where.size);
  return bound;
}

// Nothing when this machine has no such address.
std::optional<bound_socket> bind_one(const address& to, int socket_type, bool both_families, const std::string& as_written) {
  if (fd handed = take_handed_socket(to, socket_type)) return bound_at(std::move(handed));
  fd made(::socket(to.family(), socket_type | socket_flags, 0));
  if (!made && errno == EAFNOSUPPORT) return {};
  if (!made) throw listen_error(as_written, errno);
  const int on = 1;
  if (socket_type == SOCK_STREAM) ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int only_v6 = both_families ? 0 : 1;
  if (to.family() == AF_INET6) ::setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
  if (::bind(made.get(), to.get(), to.size) != 0) {
    if (errno == EADDRNOTAVAIL) return {};
    throw listen_error(as_written, errno);
  }
  if (socket_type == SOCK_STREAM && ::listen(made.get(), SOMAXCONN) != 0) throw listen_error(as_written, errno);
  return bound_at(std::move(made));
}

}  // namespace

socket_path::socket_path(std::string path) : path_(std::move(path)) {
  struct stat ours {};
  ::lstat(path_.c_str(), &ours);
  device_ = ours.st_dev;
  inode_ = ours.st_ino;
}

socket_path& socket_path::operator=(socket_path&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

socket_path::~socket_path() {
  struct stat there {};
  if (path_.empty() || ::lstat(path_.c_str(), &there) != 0) return;
  if (S_ISSOCK(there.st_mode) && there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
}

std::vector<bound_socket> bind_internet(const host_port& where, int socket_type, const std::string& as_written) {
  addrinfo hints{};
  hints.ai_socktype = socket_type;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(), where.port.c_str(), &hints, &list);
  if (failed != 0) throw error(fmt::format("unable to listen on {}: {}", as_written, ::gai_strerror(failed)));
  std::vector<address> all;
  for (const auto* each = list; each != nullptr; each = each->ai_next) {
    address one;
    std::memcpy(&one.bytes, each->ai_addr, each->ai_addrlen);
    one.size = each->ai_addrlen;
    // One socket serves both families: two could not share a port that the kernel chooses.
    if (where.host.empty() && one.family() == AF_INET6)
      all.insert(all.begin(), one);
    else
      all.push_back(one);
  }
  ::freeaddrinfo(list);
  std::vector<bound_socket> bound;
  if (where.host.empty()) {
    for (const auto& each : all)
      if (fd handed = take_handed_socket(each, socket_type)) bound.push_back(bound_at(std::move(handed)));
    if (!bound.empty()) return bound;
    const fd probe(all.front().family() == AF_INET6 ? ::socket(AF_INET6, socket_type | socket_flags, 0) : -1);
    if (!probe) std::erase_if(all, [](const address& each) { return each.family() == AF_INET6; });  // a kernel without IPv6
    all.erase(all.begin() + 1, all.end());
  }
  for (const auto& each : all)
    if (auto one = bind_one(each, socket_type, where.host.empty(), as_written)) bound.push_back(std::move(*one));
  if (bound.empty()) throw listen_error(as_written, EADDRNOTAVAIL);
  return bound;
}

bound_socket bind_unix(const std::string& path, int socket_type, std::optional<unsigned> mode) {
  bool fits = false;
  const address to = unix_address(path, fits);
  if (fd handed = take_handed_socket(to, socket_type)) return bound_at(std::move(handed));
  const auto bind_it = [&]() -> std::optional<bound_socket> {
    bound_socket bound{fd(::socket(AF_UNIX, socket_type | socket_flags, 0)), to};
    if (!bound.socket) throw listen_error(path, errno);
    if (mode) ::fchmod(bound.socket.get(), *mode);  // what it is bound with, less the umask: never more than asked for
    if (::bind(bound.socket.get(), to.get(), to.size) == 0) return bound;
    if (errno != EADDRINUSE || path.starts_with('@')) throw listen_error(path, errno);
    return {};
  };
  auto bound = bind_it();
  if (!bound) {
    // Whoever left it there: if nobody answers, it is dead. Anything but a socket stays.
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0 && !S_ISSOCK(there.st_mode))
      throw error(fmt::format("unable to listen on {}: there is a file that is no socket", path));
    const fd caller(::socket(AF_UNIX, socket_type | socket_flags, 0));
    if (::connect(caller.get(), to.get(), to.size) == 0 || errno != ECONNREFUSED) throw listen_error(path, EADDRINUSE);
    ::unlink(path.c_str());
    bound = bind_it();
    if (!bound) throw listen_error(path, EADDRINUSE);
  }
  if (!path.starts_with('@')) {
    bound->name = socket_path(path);
    if (mode) ::chmod(path.c_str(), *mode);
  }
  if (socket_type == SOCK_STREAM && ::listen(bound->socket.get(), SOMAXCONN) != 0) throw listen_error(path, errno);
  return std::move(*bound);
}

}  // namespace logrelay
