#include <support/sockets.hpp>

#include <support/eventually.hpp>

#include <logrelay/error.hpp>

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace logrelay::support {
namespace {

/// An address of any family that we use.
struct address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] int domain() const { return storage.ss_family; }
};

address loopback(family family, std::uint16_t port) {
  address result;
  if (family == family::ipv4) {
    auto* in = reinterpret_cast<sockaddr_in*>(&result.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result.size = sizeof(sockaddr_in);
  } else {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    in6->sin6_addr = in6addr_loopback;
    result.size = sizeof(sockaddr_in6);
  }
  return result;
}

address unix_address(const std::string& path) {
  address result;
  auto* un = reinterpret_cast<sockaddr_un*>(&result.storage);
  un->sun_family = AF_UNIX;
  if (path.size() >= sizeof un->sun_path) throw error(path + " is too long for a unix socket");
  std::memcpy(un->sun_path, path.c_str(), path.size() + 1);
  result.size = sizeof(sockaddr_un);
  if (path.starts_with('@')) {  // abstract: there every byte counts
    un->sun_path[0] = '\0';
    result.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  }
  return result;
}

fd made(int domain, int type) {
  fd socket(::socket(domain, type | SOCK_CLOEXEC, 0));
  if (!socket) throw system_error("make a socket", errno);
  return socket;
}

fd bound(const address& to, int type) {
  auto socket = made(to.domain(), type);
  if (::bind(socket.get(), to.get(), to.size) < 0) throw system_error("bind a socket", errno);
  return socket;
}

fd connected(const address& to, int type) {
  fd socket;
  int failed = 0;
  const bool done = eventually([&] {
    socket = made(to.domain(), type);
    if (::connect(socket.get(), to.get(), to.size) == 0) return true;
    failed = errno;
    return false;
  });
  if (!done) throw system_error("connect", failed);
  return socket;
}

}  // namespace

fd bound_tcp(family family) { return bound(loopback(family, 0), SOCK_STREAM); }
fd bound_udp(family family) { return bound(loopback(family, 0), SOCK_DGRAM); }
fd deaf_udp(family family) {
  // A port that was asked for by its number outlives hear(): a first socket finds one, a second one asks for it.
  const auto shared = [&](std::uint16_t port) {
    const auto at = loopback(family, port);
    auto socket = made(at.domain(), SOCK_DGRAM);
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(socket.get(), at.get(), at.size) < 0) throw system_error("bind a socket", errno);
    return socket;
  };
  const auto finder = shared(0);
  auto socket = shared(port_of(finder));
  const auto itself = loopback(family, port_of(socket));  // it takes datagrams from nobody else
  if (::connect(socket.get(), itself.get(), itself.size) < 0) throw system_error("connect a socket to itself", errno);
  return socket;
}
void hear(const fd& deaf) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  if (::connect(deaf.get(), &nobody, sizeof nobody) < 0) throw system_error("disconnect a socket", errno);
}
fd bound_unix(const std::string& path) { return bound(unix_address(path), SOCK_STREAM); }
fd bound_unixgram(const std::string& path) { return bound(unix_address(path), SOCK_DGRAM); }

void listen_on(const fd& socket) {
  if (::listen(socket.get(), 1024) < 0) throw system_error("listen", errno);
}

std::uint16_t port_of(const fd& socket) {
  address at;
  if (::getsockname(socket.get(), at.get(), &at.size) < 0) throw system_error("ask for a socket's port", errno);
  if (at.domain() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&at.storage)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&at.storage)->sin6_port);
}

fd connected_tcp(std::uint16_t port, family family) { return connected(loopback(family, port), SOCK_STREAM); }
fd connected_udp(std::uint16_t port, family family) { return connected(loopback(family, port), SOCK_DGRAM); }
fd connected_unix(const std::string& path) { return connected(unix_address(path), SOCK_STREAM); }
fd connected_unixgram(const std::string& path) { return connected(unix_address(path), SOCK_DGRAM); }

void write_all(const fd& descriptor, std::string_view text) {
  ::signal(SIGPIPE, SIG_IGN);
  while (!text.empty()) {
    const auto n = ::write(descriptor.get(), text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd room{descriptor.get(), POLLOUT, 0};
      if (::poll(&room, 1, static_cast<int>(patience.count())) == 0) throw error("the other side takes no more");
    } else if (errno != EINTR) {
      throw system_error("write", errno);
    }
  }
}

void send_datagram(const fd& socket, std::string_view text) {
  if (::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) throw system_error("send a datagram", errno);
}

void reset(fd socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void make_deaf(const fd& socket) {
  sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &nothing};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) throw system_error("filter a socket", errno);
}

pipe_ends make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) throw system_error("make a pipe", errno);
  return {fd(ends[0]), fd(ends[1])};
}

terminal_ends make_terminal() {
  int keyboard = -1, terminal = -1;
  termios raw{};
  ::cfmakeraw(&raw);
  raw.c_lflag |= ICANON;  // so that ^D is the end of input, as at a real one
  raw.c_cc[VEOF] = 4;
  if (::openpty(&keyboard, &terminal, nullptr, &raw, nullptr) < 0) throw system_error("open a terminal", errno);
  ::fcntl(keyboard, F_SETFD, FD_CLOEXEC);
  ::fcntl(terminal, F_SETFD, FD_CLOEXEC);
  return {fd(keyboard), fd(terminal)};
}

void make_fifo(const std::string& path) {
  if (::mkfifo(path.c_str(), 0600) < 0) throw system_error("make " + path, errno);
}

}  // namespace logrelay::support
