#include <logrelay/net/address.hpp>

#include <logrelay/util/guarded.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <cstddef>
#include <cstring>
#include <system_error>
#include <thread>

namespace logrelay {

answer look_up(const host_port& where, int socket_type) {
  addrinfo hints{};
  hints.ai_socktype = socket_type;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  int error_number = ::getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(), where.port.c_str(), &hints, &list);
  if (error_number == EAI_NONAME || error_number == EAI_ADDRFAMILY) {  // no address configured but loopback
    hints.ai_flags = AI_NUMERICSERV;
    error_number = ::getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(), where.port.c_str(), &hints, &list);
  }
  if (error_number != 0) return {{}, ::gai_strerror(error_number)};
  answer out;
  for (const auto* each = list; each != nullptr; each = each->ai_next) {
    address one;
    std::memcpy(&one.bytes, each->ai_addr, each->ai_addrlen);
    one.size = each->ai_addrlen;
    out.found.push_back(one);
  }
  ::freeaddrinfo(list);
  return out;
}

// What the look-up's thread and its caller share; whoever is last lets go of it.
struct name_search::shared {
  void say(answer one) {
    value.with([&](auto& now) { now = std::move(one); });
    done.signal();
  }
  guarded<std::optional<answer>> value;
  wake done;
};

name_search::name_search(const host_port& where, int socket_type, const look_up_how& how) : shared_(std::make_shared<shared>()) {
  try {
    std::thread([all = shared_, where, socket_type, how] { all->say(how(where, socket_type)); }).detach();
  } catch (const std::system_error& e) {
    shared_->say({{}, fmt::format("unable to start a thread to look it up: {}", e.code().message())});
  }
}

int name_search::descriptor() const { return shared_->done.descriptor(); }

std::optional<answer> name_search::take() {
  return shared_->value.with([](auto& now) { return std::exchange(now, std::nullopt); });
}

std::vector<address> resolve(const host_port& where, int socket_type, waiter& wait, steady_time deadline, std::string& why,
                             const look_up_how& how) {
  name_search search(where, socket_type, how);
  while (!wait.stopping()) {
    const auto event = wait.wait(search.descriptor(), POLLIN, deadline);
    if (auto said = search.take()) {
      why = std::move(said->why);
      return std::move(said->found);
    }
    if (event == waiter::event::timeout) break;
  }
  why = "the look-up took too long";
  return {};
}

bool operator==(const address& one, const address& other) {
  return one.size == other.size && std::memcmp(&one.bytes, &other.bytes, one.size) == 0;
}

bool is_ip(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

std::string to_text(const address& where) {
  char text[INET6_ADDRSTRLEN] = "";
  if (where.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&where.bytes);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4->sin_port));
  }
  if (where.family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&where.bytes);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      ::inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof text);
      return fmt::format("{}:{}", text, ntohs(v6->sin6_port));
    }
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(v6->sin6_port));
  }
  if (where.family() == AF_UNIX && where.size > offsetof(sockaddr_un, sun_path)) {
    const auto* local = reinterpret_cast<const sockaddr_un*>(&where.bytes);
    const std::size_t size = where.size - offsetof(sockaddr_un, sun_path);
    if (local->sun_path[0] == '\0') return "@" + std::string(local->sun_path + 1, size - 1);
    return std::string(local->sun_path, ::strnlen(local->sun_path, size));
  }
  return {};
}

bool is_connected_to_itself(int socket) {
  address near, far;
  near.size = far.size = sizeof(sockaddr_storage);
  return ::getsockname(socket, reinterpret_cast<sockaddr*>(&near.bytes), &near.size) == 0 &&
         ::getpeername(socket, reinterpret_cast<sockaddr*>(&far.bytes), &far.size) == 0 && near.size == far.size &&
         std::memcmp(&near.bytes, &far.bytes, near.size) == 0;
}

address unix_address(const std::string& path, bool& fits) {
  address out;
  auto* local = reinterpret_cast<sockaddr_un*>(&out.bytes);
  local->sun_family = AF_UNIX;
  fits = path.size() < sizeof local->sun_path;
  if (!fits) return out;
  std::memcpy(local->sun_path, path.data(), path.size());
  const bool abstract = path.starts_with('@');
  if (abstract) local->sun_path[0] = '\0';
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return out;
}

}  // namespace logrelay
