#include <logrelay/input/guard.hpp>

#include <logrelay/error.hpp>
#include <support/lines.hpp>
#include <support/reading.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <sys/socket.h>

namespace logrelay {
namespace {

using namespace support;

// Waits for the other side's goodbye.
bool is_turned_away(const fd& socket) {
  char byte = 0;
  return eventually([&] { return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EINTR); });
}

std::vector<std::string> mistakes_in(const std::string& endpoint) {
  mistakes wrong;
  static const registries known = standard_registries();
  make_config({{endpoint}, {"null:"}, {}}, known, wrong);
  return wrong.texts();
}

TEST_CASE("a rate is lines or with a unit bytes a second") {
  CHECK(parse_rate("1000")->a_second == 1000);
  CHECK_FALSE(parse_rate("1000")->bytes);
  CHECK(parse_rate("64K")->a_second == 65536);
  CHECK(parse_rate("64K")->bytes);
  CHECK(parse_rate("512B")->bytes);
  for (const auto* text : {"", "0", "0K", "x", "-1", "1.5"}) CHECK_FALSE(parse_rate(text));
}

TEST_CASE("what is wrong with a guard's options is told before anything starts") {
  CHECK_THAT(mistakes_in("tcp://:0,allow=host").front(), Catch::Contains("'allow=host' is no network: write it like 192.0.2.0/24"));
  CHECK_THAT(mistakes_in("udp://:0,deny=192.0.2.1/24").front(), Catch::EndsWith("'deny=192.0.2.1/24' is no network (did you mean '192.0.2.0/24'?)"));
  CHECK_THAT(mistakes_in("tcp://:0,allow=2001:db8::1/32").front(), Catch::EndsWith("is no network (did you mean '2001:db8::/32'?)"));
  CHECK_THAT(mistakes_in("unix:x,rate=much").front(), Catch::Contains("'rate=much' is no rate: write lines a second like 1000"));
  CHECK_THAT(mistakes_in("unix:x,allow=::1").front(), Catch::Contains("unknown option 'allow'"));
  CHECK(mistakes_in("syslog://:0,allow=::1,rate=10,peer-rate=1K").empty());
  CHECK(mistakes_in("tcp://:0,max-connections-per-address=0").size() == 1);
}

TEST_CASE("who is not from an allowed network is turned away and counted") {
  const bool six = GENERATE(false, true);
  reading in(six ? "tcp://:0,deny=127.0.0.1" : "tcp://127.0.0.1:0,allow=192.0.2.0/24,allow=::1");  // the first comes as ::ffff:127.0.0.1
  in.start();
  const fd peer = connected_tcp(in.port());
  CHECK(is_turned_away(peer));
  CHECK(eventually([&] { return in.in().counters.refused == 1; }));
  CHECK(in.in().connections == 0);
  if (!six) return;
  const fd welcome = connected_tcp(in.port(), family::ipv6);
  write_all(welcome, "hello\n");
  CHECK(in.comes("hello\n"));
}

TEST_CASE("datagrams of who is not allowed are dropped and counted") {
  reading in({"udp://127.0.0.1:0,deny=127.0.0.0/8", "udp://127.0.0.1:0,allow=127.0.0.1"});
  in.start();
  const fd denied = connected_udp(in.port(0)), allowed = connected_udp(in.port(1));
  send_datagram(denied, "no");
  CHECK(eventually([&] { return in.in(0).counters.refused == 1; }));
  send_datagram(allowed, "yes");
  CHECK(in.comes("yes\n"));
}

TEST_CASE("an address that has all its connections is turned away until one of them ends") {
  reading in("tcp://127.0.0.1:0,max-connections-per-address=2");
  in.start();
  fd one = connected_tcp(in.port()), two = connected_tcp(in.port());
  write_all(one, "one\n");
  write_all(two, "two\n");
  REQUIRE(in.comes_lines(2));
  CHECK(is_turned_away(connected_tcp(in.port())));
  CHECK(in.in().counters.refused == 1);
  one.reset();
  REQUIRE(eventually([&] { return in.in().connections == 1; }));
  const fd three = connected_tcp(in.port());
  write_all(three, "three\n");
  CHECK(in.comes_lines(3));
}

TEST_CASE("connections over their rate are held back and lose nothing") {
  const bool whole = GENERATE(false, true);
  const bool bytes = GENERATE(false, true);
  const temp_folder folder;
  const auto option = std::string(whole ? ",rate=" : ",peer-rate=") + (bytes ? "16K" : "1000");
  reading in({"tcp://127.0.0.1:0" + option, "unix:" + (folder / "s") + option});
  in.start();
  const auto text = numbered_lines(0, 2000);
  const auto began = std::chrono::steady_clock::now();
  const fd over_tcp = connected_tcp(in.port()), local = connected_unix(folder / "s");
  write_all(over_tcp, text);
  write_all(local, text);
  REQUIRE(in.comes_lines(4000));
  // At least: the first second's worth comes at once, and a turn may be owed.
  CHECK(std::chrono::steady_clock::now() - began > (bytes ? 500ms : 300ms));
  CHECK(in.in().counters.limited == 0);
}

TEST_CASE("one peer over its rate does not hold up another") {
  reading in("tcp://:0,peer-rate=1");
  in.start();
  const fd busy = connected_tcp(in.port());
  write_all(busy, numbered_lines(0, 2000));  // for the next half hour
  REQUIRE(eventually([&] { return !in.lines().empty(); }));
  const fd other = connected_tcp(in.port(), family::ipv6);  // another address
  write_all(other, "other\n");
  REQUIRE(eventually([&] { return in.text().find("other\n") != std::string::npos; }));
  SECTION("and it ends when it is asked to") {
    in.stop();
    CHECK(in.ends());
    CHECK(in.comes_lines(2001));  // what had arrived is read all the same
  }
  SECTION("also at once") {
    in.stop_now();
    CHECK(in.ends());
  }
}

TEST_CASE("datagrams over their rate are dropped and counted") {
  const bool whole = GENERATE(false, true);
  const temp_folder folder;
  const auto option = std::string(whole ? ",rate=5" : ",peer-rate=5");
  reading in({"udp://127.0.0.1:0" + option, "unixgram:" + (folder / "g") + option});
  const fd udp = connected_udp(in.port()), local = connected_unixgram(folder / "g");
  for (int i = 0; i < 10; ++i) {  // before it reads: they are received at once
    send_datagram(udp, "udp");
    send_datagram(local, "local");
  }
  in.start();
  for (const std::size_t place : {0u, 1u}) {
    REQUIRE(eventually([&] { return in.in(place).counters.lines + in.in(place).counters.limited == 10; }));
    CHECK(in.in(place).counters.lines >= 5);
    CHECK(in.in(place).counters.limited > 0);
  }
}

TEST_CASE("a peer that does not end its line in time is let go however it trickles") {
  reading in("tcp://127.0.0.1:0,line-timeout=100ms");
  in.start();
  const fd slow = connected_tcp(in.port()), honest = connected_tcp(in.port()), silent = connected_tcp(in.port());
  write_all(honest, "one\n");
  REQUIRE(in.comes("one\n"));
  std::string sent;
  REQUIRE(eventually([&] {
    if (::send(slow.get(), "x", 1, MSG_NOSIGNAL) == 1) sent += 'x';
    std::this_thread::sleep_for(1ms);
    return in.in().connections == 2;
  }));
  CHECK(in.text().substr(0, 5) == "one\nx");  // what it had sent is kept
  write_all(honest, "two\n");
  write_all(silent, "three\n");  // nobody asks who has begun no line
  CHECK(eventually([&] { return in.text().find("two\n") != std::string::npos && in.text().find("three\n") != std::string::npos; }));
}

}  // namespace
}  // namespace logrelay
