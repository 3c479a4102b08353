#include <logrelay/net/address.hpp>

#include <support/eventually.hpp>
#include <support/sockets.hpp>

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace logrelay {
namespace {

using namespace support;

address of(int family, const char* host, std::uint16_t port) {
  address made;
  if (family == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&made.bytes);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    REQUIRE(::inet_pton(AF_INET, host, &in->sin_addr) == 1);
    made.size = sizeof *in;
  } else {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&made.bytes);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    REQUIRE(::inet_pton(AF_INET6, host, &in6->sin6_addr) == 1);
    made.size = sizeof *in6;
  }
  return made;
}

std::vector<std::string> looked_up(const host_port& where, std::string& why) {
  wake alarm;
  waiter wait(alarm);
  std::vector<std::string> texts;
  for (const auto& each : resolve(where, SOCK_STREAM, wait, std::chrono::steady_clock::now() + patience, why))
    texts.push_back(to_text(each));
  return texts;
}

TEST_CASE("addresses are written as people write them") {
  CHECK(to_text(of(AF_INET, "192.0.2.1", 514)) == "192.0.2.1:514");
  CHECK(to_text(of(AF_INET6, "2001:db8::1", 514)) == "[2001:db8::1]:514");
  CHECK(to_text(of(AF_INET6, "::ffff:192.0.2.1", 514)) == "192.0.2.1:514");
  CHECK(to_text(address{}).empty());
}

TEST_CASE("a unix socket's address is its path or an abstract name behind an at sign") {
  bool fits = false;
  const auto path = unix_address("/run/app.sock", fits);
  CHECK(fits);
  CHECK(to_text(path) == "/run/app.sock");
  const auto name = unix_address("@app", fits);
  CHECK(fits);
  CHECK(to_text(name) == "@app");
  CHECK(name.size == offsetof(sockaddr_un, sun_path) + 4);  // an abstract name's end is no byte of it
  address unnamed;
  unnamed.bytes.ss_family = AF_UNIX;
  unnamed.size = sizeof(sa_family_t);
  CHECK(to_text(unnamed).empty());
}

TEST_CASE("a unix path may have 107 bytes") {
  bool fits = false;
  static_cast<void>(unix_address(std::string(107, 'x'), fits));
  CHECK(fits);
  static_cast<void>(unix_address(std::string(108, 'x'), fits));
  CHECK_FALSE(fits);
}

TEST_CASE("a host is looked up with its port") {
  std::string why;
  CHECK(looked_up({"127.0.0.1", "514"}, why) == std::vector<std::string>{"127.0.0.1:514"});
  CHECK(looked_up({"::1", "514"}, why) == std::vector<std::string>{"[::1]:514"});
  const auto local = looked_up({"localhost", "514"}, why);
  CHECK(std::find(local.begin(), local.end(), "127.0.0.1:514") != local.end());
  CHECK(why.empty());
}

TEST_CASE("why a host is not found is told") {
  std::string why;
  CHECK(looked_up({"does-not-exist.invalid", "514"}, why).empty());
  CHECK_FALSE(why.empty());
}

TEST_CASE("a look-up ends when its waiter is told to stop or its deadline has passed") {
  wake alarm;
  waiter wait(alarm);
  std::string why;
  SECTION("stopped before") {
    wait.stop();
    CHECK(resolve({"localhost", "514"}, SOCK_STREAM, wait, steady_time::max(), why).empty());
  }
  SECTION("too late before, which an answer that is there all the same may beat") {
    const auto found =
        resolve({"does-not-exist.invalid", "514"}, SOCK_STREAM, wait, std::chrono::steady_clock::now(), why);
    CHECK(found.empty());
  }
  CHECK_FALSE(why.empty());
}

TEST_CASE("a connection whose two ends are one is told from others") {
  const fd self = bound_tcp();
  const auto port = port_of(self);
  const auto to = of(AF_INET, "127.0.0.1", port);
  REQUIRE(::connect(self.get(), to.get(), to.size) == 0);
  CHECK(is_connected_to_itself(self.get()));

  const fd listener = bound_tcp();
  listen_on(listener);
  CHECK_FALSE(is_connected_to_itself(connected_tcp(port_of(listener)).get()));
  CHECK_FALSE(is_connected_to_itself(listener.get()));
}

}  // namespace
}  // namespace logrelay
