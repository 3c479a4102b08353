#include "input_contract.hpp"

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <atomic>

namespace logrelay {

using namespace support;

void check_input_contract(const std::function<std::unique_ptr<input_peer>()>& make) {
  const auto peer = make();

  SECTION("every line arrives whole and in order, and is counted") {
    reading in(peer->endpoint());
    in.start();
    peer->connect(in);
    std::thread writer([&] { peer->write(numbered_lines(0, 20'000)); });
    CHECK(in.comes_lines(20'000));
    writer.join();
    CHECK(difference(in.text(), numbered_lines(0, 20'000)) == "");
    CHECK(in.in().counters.lines == 20'000);
    CHECK(in.in().counters.bytes == 400'000);
    CHECK(in.account().balances());
  }
  SECTION("when asked to stop it reads what is ready, and ends once") {
    reading in(peer->endpoint());
    in.start();
    peer->connect(in);
    peer->write("first\n");
    REQUIRE(in.comes("first\n"));
    peer->write(numbered_lines(0, 1000));
    in.stop();
    CHECK(in.ends());
    CHECK(difference(in.text(), "first\n" + numbered_lines(0, 1000)) == "");
    in.stop();
    in.stop_now();
    CHECK(in.times_done() == 1);
    CHECK_FALSE(in.in().failed);
  }
  SECTION("asked to stop while nobody writes, it ends") {
    reading in(peer->endpoint());
    in.start();
    peer->connect(in);
    peer->write("first\n");
    REQUIRE(in.comes("first\n"));
    in.stop();
    CHECK(in.ends());
  }
  SECTION("asked to stop before it has begun to wait, it ends") {
    reading in(peer->endpoint());
    in.start();
    in.stop();
    CHECK(in.ends());
    CHECK(in.times_done() == 1);
  }
  SECTION("given up, it ends at once") {
    reading in(peer->endpoint());
    in.start();
    peer->connect(in);
    peer->write("first\n");
    REQUIRE(in.comes("first\n"));
    in.stop_now();
    CHECK(in.ends());
    CHECK(in.times_done() == 1);
  }
  SECTION("a full queue that blocks holds the input, and nothing is lost") {
    queue_rules small;
    small.capacity_bytes = 64 * 1024;
    small.when_full = overflow::block;
    reading in(peer->endpoint(), small);
    in.start();
    peer->connect(in);
    std::thread writer([&] { peer->write(numbered_lines(0, 20'000)); });
    CHECK(eventually([&] { return in.held(); }));
    CHECK(in.account().queue_peak_bytes <= small.capacity_bytes + 4096);
    CHECK(in.comes_lines(20'000));
    writer.join();
    CHECK(difference(in.text(), numbered_lines(0, 20'000)) == "");
  }
  SECTION("asked to stop while a full queue holds it, it owes what is ready until it has read that") {
    std::atomic<bool> written{false};
    queue_rules small;
    small.capacity_bytes = 1024;
    small.when_full = overflow::block;
    reading in(peer->endpoint(), small);
    in.start();
    peer->connect(in);
    std::thread writer([&] {
      try {
        peer->write(numbered_lines(0, 150));
      } catch (const error&) {  // sockets that do not hold as much are closed when nothing is in them
      }
      written = true;
    });
    CHECK(eventually([&] { return in.held(); }));
    static_cast<void>(eventually([&] { return written.load(); }, std::chrono::milliseconds(50)));  // or it waits for us to read
    in.stop();
    if (!peer->is_answered()) {
      CHECK(eventually([&] { return in.in().unread > 0; }));
      CHECK(in.times_done() == 0);
    }
    const auto owed = in.in().unread.load();
    CHECK(eventually([&] { return static_cast<void>(in.lines()), in.times_done() == 1; }));
    writer.join();
    CHECK(in.in().unread == 0);
    CHECK(in.text().size() >= owed);
    CHECK(numbered_lines(0, 150).starts_with(in.text()));
  }
  SECTION("given up while a full queue holds it, it ends") {
    queue_rules small;
    small.capacity_bytes = 1024;
    small.when_full = overflow::block;
    reading in(peer->endpoint(), small);
    in.start();
    peer->connect(in);
    std::thread writer([&] {
      try {
        peer->write(numbered_lines(0, 150));  // even a terminal takes as much
      } catch (const error&) {                // but nobody reads the rest of what some sockets do not hold
      }
    });
    CHECK(eventually([&] { return in.held(); }));
    in.stop_now();
    CHECK(in.ends());
    writer.join();
    CHECK(in.account().balances());
  }
  SECTION("when its peer says goodbye, everything has arrived") {
    reading in(peer->endpoint());
    in.start();
    peer->connect(in);
    peer->write(numbered_lines(0, 1000));
    const bool ends = peer->leave();
    CHECK(in.comes_lines(1000));
    if (!ends) in.stop();
    CHECK(in.ends());
    CHECK(in.times_done() == 1);
    CHECK(in.in().connections == 0);
  }
}

}  // namespace logrelay
