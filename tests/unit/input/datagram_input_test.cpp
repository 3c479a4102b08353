#include "input_contract.hpp"

#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/stat.h>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;

class datagram_peer : public input_peer {
 public:
  void write(std::string_view lines) override {
    for (const auto& each : split_lines(lines)) send_datagram(socket_, each);
  }
  bool leave() override { return socket_.reset(), false; }

 protected:
  fd socket_;
};

class udp_peer final : public datagram_peer {
 public:
  std::string endpoint() const override { return "udp://127.0.0.1:0"; }
  void connect(reading& to) override { socket_ = connected_udp(to.port()); }
};

class unixgram_peer final : public datagram_peer {
 public:
  std::string endpoint() const override { return "unixgram:" + folder_ / "socket"; }
  void connect(reading&) override { socket_ = connected_unixgram(folder_ / "socket"); }

 private:
  const temp_folder folder_;
};

TEST_CASE("UDP keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<udp_peer>(); });
}

TEST_CASE("unix datagrams keep the contract of inputs") {
  check_input_contract([] { return std::make_unique<unixgram_peer>(); });
}

TEST_CASE("a datagram is a line whose one trailing newline is its terminator") {
  reading in("udp://127.0.0.1:0");
  in.start();
  const fd peer = connected_udp(in.port());
  for (const auto& each : {"plain"s, "with a newline\n"s, "two\n\n"s, "in\nside\n"s, ""s, "\n"s, "a\0b"s}) send_datagram(peer, each);
  REQUIRE(in.comes_lines(7));
  std::vector<std::string> texts;
  for (const auto& each : in.lines()) texts.push_back(each.text);
  CHECK(texts == std::vector{"plain"s, "with a newline"s, "two\n"s, "in\nside"s, ""s, ""s, "a\0b"s});
  CHECK(in.in().counters.lines == 7);
}

TEST_CASE("a datagram says who sent it") {
  reading in("udp://:0");
  in.start();
  const fd old = connected_udp(in.port(), family::ipv4), young = connected_udp(in.port(), family::ipv6);
  send_datagram(old, "four");
  REQUIRE(in.comes("four\n"));
  send_datagram(young, "six");
  REQUIRE(in.comes("four\nsix\n"));
  send_datagram(old, "four again");
  REQUIRE(in.comes_lines(3));
  CHECK(in.lines()[0].peer == "127.0.0.1:" + std::to_string(port_of(old)));
  CHECK(in.lines()[1].peer == "[::1]:" + std::to_string(port_of(young)));
  CHECK(in.lines()[2].peer == in.lines()[0].peer);
}

TEST_CASE("the largest datagrams arrive whole") {
  const temp_folder folder;
  reading in({"udp://127.0.0.1:0", "unixgram:" + folder / "socket"});
  in.start();
  send_datagram(connected_udp(in.port()), std::string(65'507, 'u'));
  REQUIRE(in.comes_lines(1));
  const fd peer = connected_unixgram(folder / "socket");
  const int large = 1024 * 1024;
  ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
  send_datagram(peer, std::string(200'000, 'g'));
  REQUIRE(in.comes_lines(2));
  CHECK(in.lines()[0].text == std::string(65'507, 'u'));
  CHECK(in.lines()[1].text == std::string(200'000, 'g'));
}

TEST_CASE("a datagram that is longer than anyone can read is cut and counted as long") {
  const temp_folder folder;
  reading in("unixgram:" + folder / "socket");
  in.start();
  const fd peer = connected_unixgram(folder / "socket");
  const int large = 4 * 1024 * 1024;
  if (::setsockopt(peer.get(), SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof large) != 0) {
    WARN("only root may send such datagrams");
    return;
  }
  send_datagram(peer, std::string(600 * 1024, 'x'));
  REQUIRE(in.comes_lines(1));
  CHECK(in.lines()[0].text == std::string(512 * 1024, 'x'));
  CHECK(in.in().counters.long_lines == 1);
}

TEST_CASE("a datagram longer than max-line is cut as a line is") {
  reading in("udp://127.0.0.1:0,max-line=4");
  in.start();
  send_datagram(connected_udp(in.port()), "123456");
  CHECK(in.comes("1234\n56\n"));
  CHECK(in.in().counters.long_lines == 1);
}

TEST_CASE("what the kernel had to drop is counted also after the end") {
  queue_rules small;
  small.capacity_bytes = 1024;
  small.when_full = overflow::block;
  reading in("udp://127.0.0.1:0", small);
  in.start();
  const fd peer = connected_udp(in.port());
  const std::string large(60'000, 'x');
  std::uint64_t sent = 0;
  while (in.in().kernel_drops() == 0) {
    send_datagram(peer, large);
    REQUIRE(++sent < 10'000);
  }
  REQUIRE(eventually([&] { return in.lines().size() + in.in().kernel_drops() == sent; }));
  in.stop();
  REQUIRE(in.ends());
  CHECK(in.lines().size() + in.in().kernel_drops() == sent);
}

TEST_CASE("who sends to an input that has ended is refused") {
  const temp_folder folder;
  reading in({"udp://127.0.0.1:0", "unixgram:" + folder / "socket"});
  in.start();
  const fd udp = connected_udp(in.port()), local = connected_unixgram(folder / "socket");
  in.stop();
  REQUIRE(in.ends());
  CHECK_THROWS(send_datagram(local, "late"));
  send_datagram(udp, "late");
  CHECK_THROWS(send_datagram(udp, "late"));  // which the first one's answer tells
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("two addresses of one name are both received from to their end") {
  reading in("udp://localhost:0");
  in.start();
  std::vector<fd> peers;
  std::size_t sent = 0;
  for (const auto& each : in.in().listening_on()) {
    const auto port = static_cast<std::uint16_t>(std::stoi(each.substr(each.rfind(':') + 1)));
    peers.push_back(connected_udp(port, each.starts_with('[') ? family::ipv6 : family::ipv4));
  }
  for (const auto& each : peers)
    for (int i = 0; i < 100; ++i, ++sent) send_datagram(each, "x");
  in.stop();
  REQUIRE(in.ends());
  CHECK(in.lines().size() == sent);
}

}  // namespace
}  // namespace logrelay
