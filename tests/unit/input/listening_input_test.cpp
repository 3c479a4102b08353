#include "input_contract.hpp"

#include <support/no_more_descriptors.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;

class tcp_peer final : public input_peer {
 public:
  explicit tcp_peer(family of) : family_(of) {}
  std::string endpoint() const override { return family_ == family::ipv4 ? "tcp://127.0.0.1:0" : "tcp://[::1]:0"; }
  void connect(reading& to) override { socket_ = connected_tcp(to.port(), family_); }
  void write(std::string_view lines) override { write_all(socket_, lines); }
  bool leave() override { return socket_.reset(), false; }

 private:
  const family family_;
  fd socket_;
};

class unix_peer final : public input_peer {
 public:
  std::string endpoint() const override { return "unix:" + folder_ / "socket"; }
  void connect(reading&) override { socket_ = connected_unix(folder_ / "socket"); }
  void write(std::string_view lines) override { write_all(socket_, lines); }
  bool leave() override { return socket_.reset(), false; }

 private:
  const temp_folder folder_;
  fd socket_;
};

TEST_CASE("TCP connections keep the contract of inputs") {
  check_input_contract([] { return std::make_unique<tcp_peer>(family::ipv4); });
}

TEST_CASE("TCP connections over IPv6 keep the contract of inputs") {
  check_input_contract([] { return std::make_unique<tcp_peer>(family::ipv6); });
}

TEST_CASE("connections to a unix socket keep the contract of inputs") {
  check_input_contract([] { return std::make_unique<unix_peer>(); });
}

TEST_CASE("an empty host listens on IPv4 and IPv6 at one port") {
  reading in("tcp://:0");
  in.start();
  const fd old = connected_tcp(in.port(), family::ipv4), young = connected_tcp(in.port(), family::ipv6);
  write_all(old, "four\n");
  REQUIRE(in.comes("four\n"));
  write_all(young, "six\n");
  REQUIRE(in.comes("four\nsix\n"));
  CHECK(in.lines()[0].peer.starts_with("127.0.0.1:"));
  CHECK(in.lines()[1].peer.starts_with("[::1]:"));
}

TEST_CASE("each of many connections keeps its own lines in order written in any pieces") {
  reading in("tcp://127.0.0.1:0");
  in.start();
  std::vector<fd> peers;
  for (int i = 0; i < 50; ++i) peers.push_back(connected_tcp(in.port()));
  for (int n = 0; n < 20; ++n) {
    for (std::size_t i = 0; i < peers.size(); ++i) write_all(peers[i], std::to_string(i) + " " + std::to_string(n) + " begun, ");
    for (const auto& each : peers) write_all(each, "ended\n");
  }
  REQUIRE(in.comes_lines(1000));
  CHECK(in.in().connections == 50);
  std::vector<int> next(50);
  for (const auto& line : in.lines()) {
    const auto from = static_cast<std::size_t>(std::stoi(line.text));
    REQUIRE(line.text == std::to_string(from) + " " + std::to_string(next.at(from)++) + " begun, ended");
  }
}

TEST_CASE("a connection that is reset is no failure and its partial line is kept") {
  reading in("tcp://127.0.0.1:0");
  in.start();
  fd peer = connected_tcp(in.port());
  write_all(peer, "whole\npart");
  REQUIRE(in.comes("whole\n"));
  reset(std::move(peer));
  CHECK(in.comes("whole\npart\n"));
  CHECK(eventually([&] { return in.in().connections == 0; }));
  CHECK_FALSE(in.in().failed);
}

TEST_CASE("at max-connections new ones wait until one leaves and lose nothing") {
  reading in("tcp://127.0.0.1:0,max-connections=2");
  in.start();
  fd one = connected_tcp(in.port());
  const fd two = connected_tcp(in.port()), three = connected_tcp(in.port());
  write_all(three, "three\n");
  write_all(one, "one\n");
  REQUIRE(in.comes("one\n"));
  write_all(two, "two\n");
  REQUIRE(in.comes("one\ntwo\n"));
  CHECK(in.in().connections == 2);
  one.reset();
  CHECK(in.comes("one\ntwo\nthree\n"));
  in.stop();
  CHECK(in.ends());
}

TEST_CASE("asked to stop while others wait for a place it takes them in and ends") {
  reading in("tcp://127.0.0.1:0,max-connections=1");
  in.start();
  const fd one = connected_tcp(in.port()), two = connected_tcp(in.port()), three = connected_tcp(in.port()), four = connected_tcp(in.port());
  write_all(one, "one\n");
  REQUIRE(in.comes("one\n"));
  write_all(two, "two\n");
  write_all(three, "three\n");
  write_all(four, "four\n");
  in.stop();
  CHECK(in.ends());
  CHECK(in.comes("one\ntwo\nthree\nfour\n"));
}

// The kernel has told them that they are connected, and took their lines: to a peer these are delivered.
TEST_CASE("who is connected when it is asked to stop is read though not taken in yet") {
  reading in("tcp://127.0.0.1:0");
  std::vector<fd> peers;
  for (int i = 0; i < 100; ++i) {
    peers.push_back(connected_tcp(in.port()));
    write_all(peers.back(), "line\n");
  }
  in.start();
  in.stop();
  REQUIRE(in.ends());
  CHECK(in.lines().size() == 100);
}

TEST_CASE("a peer that is silent for too long is let go and who talks stays") {
  reading in("tcp://127.0.0.1:0,idle-timeout=1s");
  in.start();
  const fd silent = connected_tcp(in.port()), talking = connected_tcp(in.port());
  write_all(silent, "part");
  REQUIRE(eventually([&] {
    write_all(talking, "x\n");
    std::this_thread::sleep_for(1ms);
    char byte = 0;
    return ::recv(silent.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }));
  CHECK(eventually([&] { return in.text().find("part\n") != std::string::npos; }));
  CHECK(in.in().connections == 1);
}

TEST_CASE("a connection that a full queue holds is not silent") {
  queue_rules small;
  small.capacity_bytes = 4096;
  small.when_full = overflow::block;
  reading in("tcp://127.0.0.1:0,idle-timeout=10ms", small);
  in.start();
  const fd peer = connected_tcp(in.port());
  write_all(peer, numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return in.held(); }));
  std::this_thread::sleep_for(50ms);  // silent for longer than that, as far as it is read
  CHECK(in.comes_lines(1000));
}

bool connects(const fd& socket, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

TEST_CASE("out of descriptors it waits until a connection ends and takes the next one then") {
  reading in("tcp://127.0.0.1:0");
  in.start();
  fd first = connected_tcp(in.port());
  write_all(first, "first\n");
  REQUIRE(in.comes("first\n"));
  const fd second = connected_tcp(in.port(), family::ipv4);
  write_all(second, "second\n");
  REQUIRE(in.comes("first\nsecond\n"));

  const fd third(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const no_more_descriptors meanwhile;
  REQUIRE(connects(third, in.port()));
  write_all(third, "third\n");
  write_all(first, "still here\n");
  CHECK(in.comes("first\nsecond\nstill here\n"));
  first.reset();  // frees two: ours and its
  CHECK(in.comes("first\nsecond\nstill here\nthird\n"));
}

TEST_CASE("asked to stop and out of descriptors it takes in who waits as others end") {
  queue_rules small;
  small.capacity_bytes = 1024;
  small.when_full = overflow::block;
  reading in("tcp://127.0.0.1:0", small);
  in.start();
  const fd first = connected_tcp(in.port());
  write_all(first, equal_lines(40, 50));
  REQUIRE(eventually([&] { return in.held(); }));

  const fd second(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const no_more_descriptors meanwhile;
  REQUIRE(connects(second, in.port()));
  write_all(second, "second\n");
  in.stop();
  CHECK(eventually([&] { return in.in().unread > 0; }));
  CHECK(eventually([&] { return static_cast<void>(in.lines()), in.times_done() == 1; }));
  CHECK(in.text() == equal_lines(40, 50) + "second\n");
}

TEST_CASE("asked to stop it owes what is ready in connections that it has still to take in") {
  queue_rules small;
  small.capacity_bytes = 1024;
  small.when_full = overflow::block;
  reading in("tcp://127.0.0.1:0,max-connections=1", small);
  in.start();
  const fd first = connected_tcp(in.port());
  write_all(first, equal_lines(40, 50));
  REQUIRE(eventually([&] { return in.held(); }));
  const fd second = connected_tcp(in.port());
  write_all(second, equal_lines(60, 50));
  in.stop();
  REQUIRE(eventually([&] { return in.in().unread > 0; }));
  const auto at_first = in.in().unread.load();
  REQUIRE(eventually([&] { return static_cast<void>(in.lines()), in.in().unread > at_first; }));
  CHECK(eventually([&] { return static_cast<void>(in.lines()), in.times_done() == 1; }));
  CHECK(in.in().unread == 0);
  CHECK(in.text() == equal_lines(40, 50) + equal_lines(60, 50));
}

TEST_CASE("no descriptor of a connection is passed on to a child") {
  std::array<bool, 64> ours{};
  for (int number = 0; number < 64; ++number) ours.at(static_cast<std::size_t>(number)) = ::fcntl(number, F_GETFD) < 0;
  reading in({"tcp://127.0.0.1:0", "udp://127.0.0.1:0"});
  in.start();
  const fd peer = connected_tcp(in.port());
  write_all(peer, "x\n");
  REQUIRE(in.comes("x\n"));
  for (int number = 3; number < 64; ++number) {
    const int flags = ::fcntl(number, F_GETFD);
    CAPTURE(number);
    CHECK((!ours.at(static_cast<std::size_t>(number)) || flags < 0 || (flags & FD_CLOEXEC) != 0));
  }
}

TEST_CASE("the path of a unix socket has its mode and goes when the input ends") {
  const temp_folder folder;
  const mode_t before = ::umask(077);
  reading in("unix:" + folder / "socket" + ",mode=0666");
  ::umask(before);
  struct stat made {};
  REQUIRE(::stat((folder / "socket").c_str(), &made) == 0);
  CHECK((made.st_mode & 07777) == 0666);
  in.start();
  SECTION("by itself") { in.stop(); }
  SECTION("given up") { in.stop_now(); }
  REQUIRE(in.ends());
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("a socket's path goes when the start fails") {
  const temp_folder folder;
  reading in({"unix:" + folder / "a", "unixgram:" + folder / "b"});
  CHECK(names_in(folder.path()) == std::vector{"a"s, "b"s});
  in.in(0).unprepare();
  in.in(1).unprepare();
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("an address that is in use is refused before anything starts") {
  const fd taken = bound_tcp();
  listen_on(taken);
  CHECK_THROWS_WITH(reading("tcp://127.0.0.1:" + std::to_string(port_of(taken))), Catch::Contains("Address already in use"));
}

}  // namespace
}  // namespace logrelay
