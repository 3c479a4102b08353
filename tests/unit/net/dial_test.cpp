#include <logrelay/net/dial.hpp>

#include <support/eventually.hpp>
#include <support/sockets.hpp>

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace logrelay {
namespace {

using namespace support;

address at(const char* host, std::uint16_t port) {
  address made;
  auto* in = reinterpret_cast<sockaddr_in*>(&made.bytes);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&made.bytes);
  if (::inet_pton(AF_INET, host, &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    made.size = sizeof *in;
  } else {
    REQUIRE(::inet_pton(AF_INET6, host, &in6->sin6_addr) == 1);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    made.size = sizeof *in6;
  }
  return made;
}

std::vector<std::string> texts(const std::vector<address>& all) {
  std::vector<std::string> found;
  for (const auto& each : all) found.push_back(to_text(each));
  return found;
}

// A port whose backlog is full: the kernel lets whoever connects wait for ever.
struct silent_port {
  silent_port() {
    REQUIRE(::listen(listener.get(), 0) == 0);
    for (bool full = false; !full;) {
      const auto to = at("127.0.0.1", port_of(listener));
      waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(waiting.back().get(), to.get(), to.size));
      pollfd one{waiting.back().get(), POLLOUT, 0};
      full = ::poll(&one, 1, 100) == 0;
    }
  }
  const fd listener = bound_tcp();
  std::vector<fd> waiting;
};

struct dialled {
  fd socket;
  std::string peer, why;
  std::vector<std::string> left;
};

dialled dial_them(std::vector<address> all, std::chrono::milliseconds limit = patience) {
  wake alarm;
  waiter wait(alarm);
  dialled done;
  done.socket = dial(all, [](int) {}, wait, std::chrono::steady_clock::now() + limit, done.why);
  address peer;
  peer.size = sizeof peer.bytes;
  if (done.socket && ::getpeername(done.socket.get(), reinterpret_cast<sockaddr*>(&peer.bytes), &peer.size) == 0) done.peer = to_text(peer);
  done.left = texts(all);
  return done;
}

TEST_CASE("IPv6 and IPv4 take turns and IPv6 goes first") {
  const auto ordered = by_turns({at("192.0.2.1", 1), at("192.0.2.2", 1), at("192.0.2.3", 1), at("2001:db8::1", 1), at("2001:db8::2", 1)});
  CHECK(texts(ordered) == std::vector<std::string>{"[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1", "192.0.2.2:1", "192.0.2.3:1"});
  CHECK(by_turns({}).empty());
}

TEST_CASE("the first address that answers is taken and those behind it are left") {
  const fd refuses = bound_tcp(), listens = bound_tcp(), other = bound_tcp();
  listen_on(listens);
  listen_on(other);
  const auto done = dial_them({at("127.0.0.1", port_of(refuses)), at("127.0.0.1", port_of(listens)), at("127.0.0.1", port_of(other))});
  CHECK(done.peer == to_text(at("127.0.0.1", port_of(listens))));
  CHECK(done.left == std::vector<std::string>{to_text(at("127.0.0.1", port_of(other)))});
}

TEST_CASE("an address that does not answer holds up the next one for a quarter of a second and no longer") {
  const silent_port silent;
  const fd listens = bound_tcp();
  listen_on(listens);
  const auto began = std::chrono::steady_clock::now();
  const auto done = dial_them({at("127.0.0.1", port_of(silent.listener)), at("127.0.0.1", port_of(listens))});
  CHECK(done.peer == to_text(at("127.0.0.1", port_of(listens))));
  CHECK(std::chrono::steady_clock::now() - began >= before_the_next_address);
  CHECK(done.left == std::vector<std::string>{to_text(at("127.0.0.1", port_of(silent.listener)))});  // it might still
}

TEST_CASE("where none answers the reason is told") {
  const fd refuses = bound_tcp();
  const auto refused = dial_them({at("127.0.0.1", port_of(refuses))});
  CHECK_FALSE(refused.socket);
  CHECK(refused.why == "Connection refused");
  const silent_port silent;
  const auto late = dial_them({at("127.0.0.1", port_of(silent.listener))}, 10ms);
  CHECK_FALSE(late.socket);
  CHECK(late.why == "Connection timed out");
  CHECK_FALSE(dial_them({}).socket);
}

TEST_CASE("more addresses than are tried at once are all tried") {
  const fd refuses = bound_tcp(), listens = bound_tcp();
  listen_on(listens);
  std::vector<address> all(3 * waiter::most_at_once, at("127.0.0.1", port_of(refuses)));
  all.push_back(at("127.0.0.1", port_of(listens)));
  CHECK(dial_them(all).peer == to_text(at("127.0.0.1", port_of(listens))));
}

TEST_CASE("who is told to stop does not go on dialling") {
  const silent_port silent;
  wake alarm;
  waiter wait(alarm);
  wait.stop();
  std::vector<address> all{at("127.0.0.1", port_of(silent.listener))};
  std::string why;
  CHECK_FALSE(dial(all, [](int) {}, wait, steady_time::max(), why));
  CHECK(why == "asked to stop");
}

}  // namespace
}  // namespace logrelay
