#include <catch2/catch.hpp>
#include <logrelay/spool/transit.hpp>
#include <support/fake_clock.hpp>
#include <support/spooled_lines.hpp>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using namespace support;

struct passage {
  // Lines come in, are written, and go on from memory.
  void pass(std::size_t bytes) {
    transit.push(batch_of(pool, std::string(bytes - 1, 'x') + "\n", from));
    std::vector<batch> taken;
    transit.take_in(taken, bytes);
    transit.pass_on(taken, bytes);
  }
  bool holds() { return transit.room_now().bytes == 0; }

  fake_clock clock;
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  spool_transit transit{{}, false, pool, clock, {[] {}, [] {}, [](bool, const tally&) {}}, [] {}};
};

TEST_CASE("an input is held for a moment while an output that moves is behind") {
  passage it;
  it.pass(512 * 1024);
  CHECK_FALSE(it.holds());
  it.pass(1024 * 1024);
  CHECK(it.holds());
  CHECK(it.transit.room_now().until == it.clock.now() + spool_transit::hold);
  std::vector<batch> taken;
  it.transit.outbox().take(taken, 2 * 1024 * 1024);
  CHECK_FALSE(it.holds());
}

TEST_CASE("an output that is slow for long holds an input once for each 4 MiB") {
  passage it;
  it.pass(2 * 1024 * 1024);
  REQUIRE(it.holds());
  it.clock.pass(spool_transit::hold);
  it.transit.outbox().progressed();
  CHECK_FALSE(it.holds());
  it.pass(1024 * 1024);
  CHECK_FALSE(it.holds());
  it.pass(4 * 1024 * 1024);
  CHECK(it.holds());
}

TEST_CASE("an output that does not move holds no input") {
  passage it;
  it.pass(2 * 1024 * 1024);
  it.clock.pass(memory_queue::pace_wait);
  CHECK_FALSE(it.holds());
}

TEST_CASE("lines on disk are wanted only when the outbox is nearly empty") {
  passage it;
  CHECK(it.transit.wants_from_disk());
  it.pass(2 * 1024 * 1024);
  CHECK_FALSE(it.transit.wants_from_disk());
  std::vector<batch> taken;
  it.transit.outbox().take(taken, 4 * 1024 * 1024);
  CHECK(it.transit.wants_from_disk());
}

}  // namespace
}  // namespace logrelay
