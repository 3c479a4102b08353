#include <logrelay/net/handed_sockets.hpp>

#include <logrelay/util/quantity.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace logrelay {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr std::uint64_t most_descriptors = 4096;

struct handed_socket {
  fd socket;
  std::string where;
  int type;
};

std::vector<handed_socket> handed;  // set once, before there are threads

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  return text ? parse_count(text) : std::nullopt;
}

int option_of(int socket, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

void receive(int number) {
  const int flags = ::fcntl(number, F_GETFD);
  if (flags < 0) return;
  ::fcntl(number, F_SETFD, flags | FD_CLOEXEC);
  address where;
  where.size = sizeof where.bytes;
  if (::getsockname(number, reinterpret_cast<sockaddr*>(&where.bytes), &where.size) != 0) return;  // a file or a FIFO: fd:N reads it
  const int type = option_of(number, SO_TYPE);
  if (type == SOCK_STREAM && option_of(number, SO_ACCEPTCONN) != 1) return;  // a connection: the same
  handed.push_back({fd(number), to_text(where), type});
}

}  // namespace

void receive_handed_sockets() {
  const auto process = number_in("LISTEN_PID"), count = number_in("LISTEN_FDS");
  for (const char* each : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(each);
  if (!process || !count || *process != static_cast<std::uint64_t>(::getpid())) return;
  for (int i = 0; i < static_cast<int>(std::min(*count, most_descriptors)); ++i) receive(first_descriptor + i);
}

fd take_handed_socket(const address& where, int socket_type) {
  const auto text = to_text(where);
  const auto found = std::find_if(handed.begin(), handed.end(), [&](const auto& each) { return each.type == socket_type && each.where == text; });
  if (found == handed.end()) return {};
  fd taken = std::move(found->socket);
  handed.erase(found);
  ::fcntl(taken.get(), F_SETFL, ::fcntl(taken.get(), F_GETFL) | O_NONBLOCK);
  return taken;
}

std::vector<std::string> handed_sockets_left() {
  std::vector<std::string> all;
  for (const auto& each : handed) all.push_back(each.where);
  return all;
}

}  // namespace logrelay
