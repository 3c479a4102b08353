#include <logrelay/net/networks.hpp>

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

namespace logrelay {
namespace {

address peer(const std::string& host) {
  address made;
  auto* in = reinterpret_cast<sockaddr_in*>(&made.bytes);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&made.bytes);
  if (::inet_pton(AF_INET, host.c_str(), &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    made.size = sizeof *in;
  } else {
    REQUIRE(::inet_pton(AF_INET6, host.c_str(), &in6->sin6_addr) == 1);
    in6->sin6_family = AF_INET6;
    made.size = sizeof *in6;
  }
  return made;
}

bool is_in(const std::string& host, std::string_view text) {
  const auto read = parse_network(text);
  REQUIRE(read);
  return read->contains(ip_of(peer(host)).value());
}

TEST_CASE("a network has the addresses of its prefix and no others") {
  CHECK(is_in("192.0.2.0", "192.0.2.0/24"));
  CHECK(is_in("192.0.2.255", "192.0.2.0/24"));
  CHECK_FALSE(is_in("192.0.3.0", "192.0.2.0/24"));
  CHECK(is_in("10.255.0.1", "10.0.0.0/8"));
  CHECK(is_in("192.0.2.130", "192.0.2.128/25"));
  CHECK_FALSE(is_in("192.0.2.127", "192.0.2.128/25"));
  CHECK(is_in("2001:db8:1::5", "2001:db8::/32"));
  CHECK_FALSE(is_in("2001:db9::5", "2001:db8::/32"));
  CHECK(is_in("2001:db8::5", "2001:db8::4/127"));
  CHECK_FALSE(is_in("2001:db8::6", "2001:db8::4/127"));
  CHECK(is_in("::1", "::1"));
  CHECK_FALSE(is_in("::2", "::1"));
  CHECK(is_in("1.2.3.4", "0.0.0.0/0"));
  CHECK(is_in("2001:db8::1", "::/0"));
}

TEST_CASE("an IPv4 address is the same however it comes") {
  CHECK(is_in("::ffff:192.0.2.7", "192.0.2.0/24"));
  CHECK(is_in("192.0.2.7", "::ffff:192.0.2.0/120"));
  CHECK_FALSE(is_in("2001:db8::1", "0.0.0.0/0"));
  CHECK_FALSE(is_in("::192.0.2.7", "192.0.2.0/24"));
}

TEST_CASE("what is no network is none") {
  for (const auto* text : {"", "/", "/8", "host", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x", "192.0.2.0/-1", "192.0.2.0/24/8",
                           "192.0.2", "2001:db8::/129", "2001:db8::1/32", "[::1]", "192.0.2.0/ 24", "::1%lo"})
    CHECK_FALSE(parse_network(text));
}

TEST_CASE("deny goes before allow and allow is for those alone") {
  const auto rules = [](std::initializer_list<const char*> allow, std::initializer_list<const char*> deny) {
    access_rules made;
    for (const auto* each : allow) made.allow.push_back(parse_network(each).value());
    for (const auto* each : deny) made.deny.push_back(parse_network(each).value());
    return made;
  };
  CHECK(rules({}, {}).admits(peer("192.0.2.1")));
  CHECK(rules({"192.0.2.0/24", "::1"}, {}).admits(peer("::1")));
  CHECK_FALSE(rules({"192.0.2.0/24", "::1"}, {}).admits(peer("198.51.100.1")));
  CHECK_FALSE(rules({}, {"192.0.2.0/24"}).admits(peer("192.0.2.1")));
  CHECK(rules({}, {"192.0.2.0/24"}).admits(peer("198.51.100.1")));
  CHECK_FALSE(rules({"192.0.2.1"}, {"192.0.2.0/24"}).admits(peer("192.0.2.1")));
  address local;
  local.bytes.ss_family = AF_UNIX;
  CHECK(rules({"192.0.2.1"}, {}).admits(local));
}

}  // namespace
}  // namespace logrelay
