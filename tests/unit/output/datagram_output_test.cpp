#include "output_contract.hpp"

#include <logrelay/output/datagram_output.hpp>
#include <support/fake_clock.hpp>
#include <support/journal_sink.hpp>
#include <support/sink.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;

std::string joined(const std::vector<std::string>& messages) {
  std::string text;
  for (const auto& each : messages) text.append(each) += '\n';
  return text;
}

class unixgram_peer final : public output_peer {
 public:
  explicit unixgram_peer(bool hangs) : socket_(bound_unixgram(folder_ / "socket")) {
    if (!hangs) wake_up();
  }
  ~unixgram_peer() override {
    enough_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::string endpoint() const override { return "unixgram:" + folder_ / "socket"; }
  std::string text() override {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  void wake_up() override {
    const timeval turn{0, 10'000};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &turn, sizeof turn);
    thread_ = std::thread([this] {
      for (char message[4096]; !enough_;) {
        const auto n = ::recv(socket_.get(), message, sizeof message, 0);
        if (n < 0) continue;
        const std::lock_guard lock(mutex_);
        text_.append(message, static_cast<std::size_t>(n)) += '\n';
      }
    });
  }

 private:
  const temp_folder folder_;
  const fd socket_;
  std::atomic<bool> enough_ = false;
  std::mutex mutex_;
  std::string text_;
  std::thread thread_;
};

TEST_CASE("unix datagrams keep the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<unixgram_peer>(hangs); });
}

TEST_CASE("each line is one UDP datagram without its newline and so is an empty one") {
  const family of = GENERATE(family::ipv4, family::ipv6);
  const datagram_sink sink = datagram_sink::udp(of);
  sending out(sink.endpoint());
  out.start();
  out.push("one\n\ntwo\n");
  out.close();
  CHECK(out.ends());
  CHECK(eventually([&] { return sink.messages() == std::vector{"one"s, ""s, "two"s}; }));
  CHECK(out.account().delivered == tally{3, 9});
  CHECK(out.account().balances());
}

TEST_CASE("a line that is too long for a datagram is rejected and counted and the others go on") {
  const datagram_sink sink = datagram_sink::udp();
  sending out(sink.endpoint());
  out.push("before\n" + equal_lines(1, 65'509) + "after\n" + equal_lines(2, 70'000) + equal_lines(1, 65'508));
  out.start();
  CHECK(out.delivers());
  REQUIRE(eventually([&] { return sink.count() == 3; }));
  CHECK(sink.messages()[1] == "after");
  CHECK(sink.messages()[2].size() == 65'507);
  CHECK(out.account().rejected == tally{3, 65'509 + 140'000});
  CHECK(out.account().balances());
  CHECK_THAT(out.report().last_error, Catch::Contains("Message too long"));
}

TEST_CASE("a UDP port where nobody listens is noticed and on this machine no line is lost to it") {
  datagram_sink sink = datagram_sink::late_udp(GENERATE(family::ipv4, family::ipv6));
  sending out(sink.endpoint());
  out.start();
  out.push(numbered_lines(0, 100));
  REQUIRE(out.retries(2));
  CHECK_THAT(out.report().last_error, Catch::Contains("Connection refused"));
  CHECK(out.account().pending.lines == 100);
  CHECK(sink.count() == 0);

  sink.listen();
  CHECK(out.delivers());
  REQUIRE(eventually([&] { return sink.count() >= 100; }));
  CHECK(difference(joined(sink.messages()), numbered_lines(0, 100)) == "");
}

// A name that stands for what the test says.
struct hosts_file {
  void set(std::vector<std::uint16_t> ports) {
    const std::lock_guard lock(mutex);
    ports_of_name = std::move(ports);
  }
  look_ups names() {
    return {[this](const host_port&, int) {
              const std::lock_guard lock(mutex);
              ++asked;
              answer said;
              for (const auto port : ports_of_name) {
                auto& one = said.found.emplace_back();
                const sockaddr_in there{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
                std::memcpy(&one.bytes, &there, one.size = sizeof there);
              }
              if (said.found.empty()) said.why = "nobody knows it";
              return said;
            },
            [this] { return clock.now(); }};
  }
  fake_clock clock;
  std::atomic<int> asked = 0;
  std::mutex mutex;
  std::vector<std::uint16_t> ports_of_name;
};

TEST_CASE("of a name with several addresses the next is tried where nobody listens at one") {
  const fd deaf = deaf_udp();
  datagram_sink sink = datagram_sink::udp();
  hosts_file hosts;
  hosts.set({port_of(deaf), sink.port()});
  sending out(make_udp_output("udp://logs:514", {"logs", "514"}, 0, hosts.names()));
  out.start();
  out.push(numbered_lines(0, 100));
  CHECK(out.delivers());
  REQUIRE(eventually([&] { return sink.count() >= 100; }));
  CHECK(difference(joined(sink.messages()), numbered_lines(0, 100)) == "");
}

TEST_CASE("a name that stands for another address is noticed at HUP, by itself within a minute, and while it cannot be looked up never") {
  const datagram_sink before = datagram_sink::udp(), after = datagram_sink::udp();
  const bool asked = GENERATE(true, false);
  const std::string host = GENERATE(as<std::string>(), "logs", "127.0.0.1");
  hosts_file hosts;
  hosts.set({before.port()});
  sending out(make_udp_output("udp://logs:514", {host, "514"}, 0, hosts.names()));
  out.start();
  out.push("one\n");
  REQUIRE(eventually([&] { return before.count() == 1; }));
  if (asked) {
    hosts.set({after.port()});
    out.push("two\n");
    REQUIRE(eventually([&] { return before.count() == 2; }));
    out.reopen();
    out.push("three\n");
    CHECK(eventually([&] { return after.messages() == std::vector{"three"s}; }));
    CHECK(out.account().delivered.lines == 3);
  } else {
    hosts.set({});
    hosts.clock.pass(1min);
    for (std::size_t n = 2; n < 10; ++n) {
      out.push("two\n");
      REQUIRE(eventually([&] { return before.count() == n; }));
    }
    hosts.set({after.port()});
    const auto moved = [&] {
      hosts.clock.pass(1min);
      out.push("three\n");
      return eventually([&] { return after.count() > 0; }, 20ms);
    };
    if (host == "logs") CHECK(eventually(moved));
    if (host != "logs") {
      CHECK_FALSE((moved() || moved()));
      CHECK(hosts.asked == 1);
    }
  }
  CHECK(out.report().retries == 0);
}

TEST_CASE("a unix socket that comes late or goes and comes back gets every line") {
  const temp_folder folder;
  const auto path = folder / "socket";
  sending out("unixgram:" + path);
  out.start();
  out.push("one\n");
  REQUIRE(out.retries());
  CHECK_THAT(out.report().last_error, Catch::Contains("No such file or directory"));
  {
    const datagram_sink sink = datagram_sink::unixgram(path);
    REQUIRE(out.delivers());
    REQUIRE(eventually([&] { return sink.messages() == std::vector{"one"s}; }));
  }
  out.push("two\n");
  REQUIRE(out.retries(2));
  std::filesystem::remove(path);
  const datagram_sink again = datagram_sink::unixgram(path);
  CHECK(out.delivers());
  CHECK(eventually([&] { return again.messages() == std::vector{"two"s}; }));
}

TEST_CASE("a listener of datagrams that waits for its peer can be told to stop") {
  const temp_folder folder;
  sending out("unixgram:" + folder / "nobody");
  out.start();
  out.push("one\n");
  REQUIRE(out.retries());
  out.abandon();
  CHECK(out.ends(1s));
  CHECK(out.account().pending.lines == 1);
}

TEST_CASE("entries of the journal that no datagram can hold come as sealed memory and in order with the others") {
  const temp_folder folder;
  const journal_sink journal(folder / "socket");
  sending out("journal:" + folder / "socket");
  out.push("PRIORITY=6\n" + ("A=" + std::string(1'000'000, 'a') + "\n") + "B=b\n" + ("C=" + std::string(300'000, 'c') + "\n"));
  out.start();
  out.close();
  CHECK(out.ends());
  REQUIRE(eventually([&] { return journal.count() == 4; }));
  CHECK(journal.sealed() == 2);
  for (const auto& each : journal.complaints()) CHECK(each == "no newline at the end");  // which a format would bring
  CHECK(out.account().delivered.lines == 4);
  CHECK(out.account().balances());
}

}  // namespace
}  // namespace logrelay
