#include <catch2/catch.hpp>
#include <logrelay/core/receipt.hpp>
#include <logrelay/spool/held_receipts.hpp>
#include <support/spooled_lines.hpp>

namespace logrelay {
namespace {

using namespace support;

struct told final : receipt_holder {
  void settled() noexcept override { ++times; }
  int times = 0;
};

// Three lines in one batch, for which somebody has a receipt that waits for nothing else.
struct written {
  written() {
    owed->settle(1);
    lines.front().owed = owed;
  }
  static receipt_ref expecting(const std::shared_ptr<told>& to) {
    receipt_ref made(new receipt(to));
    made->expect(3);
    return made;
  }
  // The queue that they leave settles them too.
  void leave_the_inbox() { owed->settle(3); }

  std::shared_ptr<told> to = std::make_shared<told>();
  receipt_ref owed = expecting(to);
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  std::vector<batch> lines{numbered_batch(pool, 0, 3, from)};
  held_receipts held;
};

TEST_CASE("a receipt is held until its lines are safe") {
  written it;
  it.held.take_from(it.lines, it.lines[0].size, 10, true);
  CHECK_FALSE(it.lines[0].owed);
  it.leave_the_inbox();
  it.held.settle(12);
  CHECK(it.to->times == 0);
  it.held.settle(13);
  CHECK(it.to->times == 1);
  CHECK(it.held.empty());
}

TEST_CASE("a receipt that need not be held is settled as its lines leave the inbox") {
  written it;
  it.held.take_from(it.lines, it.lines[0].size, 0, false);
  CHECK(it.held.empty());
  it.leave_the_inbox();
  CHECK(it.to->times == 1);
}

TEST_CASE("what is not written keeps its receipt") {
  written it;
  const auto first = line_end_from(it.lines[0].bytes(), framing::newline, 1);
  it.held.take_from(it.lines, first, 0, true);
  REQUIRE(it.lines.size() == 2);
  CHECK_FALSE(it.lines[0].owed);
  CHECK(it.lines[1].owed);
}

TEST_CASE("after a sync that failed its lines count as lost") {
  written it;
  it.held.take_from(it.lines, it.lines[0].size, 0, true);
  it.held.lose(3);
  it.leave_the_inbox();
  CHECK(it.owed->lost_lines() == 3);
  CHECK(it.to->times == 1);
}

TEST_CASE("lines that are read again have their receipt again and are cut where it begins and ends") {
  written it;
  const batch all = numbered_batch(it.pool, 0, 9, it.from);
  it.held.take_from(it.lines, it.lines[0].size, 3, true);
  it.leave_the_inbox();
  std::vector<batch> got;
  const auto read = [&](const batch& lines, std::uint64_t first) {
    it.held.put_on(lines, first, [&](const batch& some) {
      if (some.owed) some.owed->expect(some.count.lines);
      got.push_back(some);
    });
  };
  batch rest = all;
  std::size_t four_lines = 0;
  for (const auto i : {0u, 1u, 2u, 3u}) four_lines += line_at(i).size();
  const batch front = split_front(rest, four_lines);
  read(front, 0);
  REQUIRE(got.size() == 2);
  read(rest, 4);
  REQUIRE(got.size() == 4);
  std::string bytes;
  for (const auto& each : got) bytes += each.bytes();
  CHECK(bytes == all.bytes());
  CHECK(it.held.empty());
  for (const auto i : {0u, 3u}) CHECK_FALSE(got[i].owed);
  CHECK(got[1].count.lines == 1);
  CHECK(got[2].count.lines == 2);
  for (const auto i : {1u, 2u}) {
    REQUIRE(got[i].owed);
    CHECK(it.to->times == 0);
    got[i].owed->settle(got[i].count.lines);
  }
  CHECK(it.to->times == 1);
}

TEST_CASE("a receipt whose lines are gone says so also where that is a part of them") {
  written it;
  it.held.take_from(it.lines, it.lines[0].size, 0, true);
  it.leave_the_inbox();
  it.held.lose(2);
  CHECK(it.owed->lost_lines() == 2);
  CHECK(it.to->times == 0);
  it.held.settle(3);
  CHECK(it.owed->lost_lines() == 2);
  CHECK(it.to->times == 1);
}

}  // namespace
}  // namespace logrelay
