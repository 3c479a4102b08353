#include <catch2/catch.hpp>
#include <logrelay/core/slot_list.hpp>

#include <cstring>
#include <string>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// A list, the blocks that its lines lie in, and where they come from.
struct list_of {
  explicit list_of(bool keep_times = false) : slots(pool, keep_times) {}

  batch lines(std::string_view text, std::size_t block_bytes = 0) {
    auto memory = pool.take(std::max(block_bytes, text.size()));
    std::memcpy(memory->data(), text.data(), text.size());
    return {memory, memory->data(), static_cast<std::uint32_t>(text.size()), framing::newline, false,
            count_lines(text, framing::newline), {}, from};
  }
  batch notice() {
    batch made = lines("lost\n");
    made.marker = true;
    made.count = {};
    return made;
  }
  static gap lost(std::uint64_t count) { return {{count, 10 * count}, drop_reason::queue_full, wall_time(1s), wall_time(2s)}; }

  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  slot_list slots;
};

TEST_CASE("a slot list is charged for bytes and slots until they leave") {
  list_of it;
  it.slots.append(it.lines("one\ntwo\n"));
  it.slots.append(it.lines("three\n"));
  CHECK(it.slots.charge() == 14 + 2 * sizeof(slot));
  CHECK(it.slots.take_lines(100).bytes() == "one\ntwo\n");
  CHECK(it.slots.charge() == 14 + 2 * sizeof(slot));
  CHECK(it.slots.waiting_charge() == 6 + sizeof(slot));
  CHECK(it.slots.cut_oldest_taken(4).count == tally{1, 4});
  CHECK(it.slots.charge() == 10 + 2 * sizeof(slot));
  it.slots.drop_oldest_taken();
  it.slots.drop_oldest_waiting();
  CHECK(it.slots.charge() == 0);
  CHECK(it.slots.waiting_charge() == 0);
  CHECK(it.slots.empty());
}

TEST_CASE("lines are taken up to about what is asked for and one at least") {
  list_of it;
  it.slots.append(it.lines("one\ntwo\nthree\n"));
  CHECK(it.slots.take_lines(0).bytes() == "one\n");
  CHECK(it.slots.take_lines(5).bytes() == "two\nthree\n");
  CHECK_FALSE(it.slots.any_waiting());
  CHECK(it.slots.charge() == 14 + 2 * sizeof(slot));
}

TEST_CASE("what is taken is not added to") {
  list_of it;
  auto second = it.lines("one\ntwo\n");
  it.slots.append(split_front(second, 4));
  const batch first = it.slots.take_lines(100);
  it.slots.append(std::move(second));
  CHECK(first.bytes() == "one\n");
  CHECK(it.slots.oldest_taken().bytes() == "one\n");
  CHECK(it.slots.oldest_waiting().lines.bytes() == "two\n");
}

TEST_CASE("a rewind puts what was taken back in front and notices without their text") {
  list_of it;
  it.slots.append(it.lines("one\n"));
  it.slots.append_notice(list_of::lost(1), it.from);
  it.slots.append(it.lines("two\n"));
  const auto charge = it.slots.charge();
  (void)it.slots.take_lines(100);
  CHECK(it.slots.take_notice(it.notice()).bytes() == "lost\n");
  CHECK(it.slots.charge() == charge + 5);
  it.slots.rewind();
  CHECK(it.slots.charge() == charge);
  CHECK(it.slots.waiting_charge() == charge);
  CHECK(it.slots.take_lines(100).bytes() == "one\n");
  REQUIRE(it.slots.oldest_waiting().lost);
  it.slots.prepend_notice(list_of::lost(2), it.from);
  CHECK(it.slots.oldest_waiting().lost->dropped == tally{3, 30});
}

TEST_CASE("notices that meet become one") {
  list_of it;
  it.slots.append_notice(list_of::lost(1), it.from);
  it.slots.append_notice(list_of::lost(2), it.from);
  it.slots.prepend_notice(list_of::lost(4), it.from);
  CHECK(it.slots.charge() == sizeof(slot));
  CHECK(it.slots.oldest_waiting().lost->dropped == tally{7, 70});
  CHECK(it.slots.ends_with_notice());
}

TEST_CASE("gaps that are joined last from the first to the last of both") {
  gap both;
  both.join({{1, 10}, drop_reason::queue_full, wall_time(5s), wall_time(6s)});
  both.join({{1, 10}, drop_reason::queue_full, wall_time(3s), wall_time(4s)});
  CHECK(both.dropped == tally{2, 20});
  CHECK(both.from == wall_time(3s));
  CHECK(both.to == wall_time(6s));
}

TEST_CASE("lines that are taken keep little alive of what is dropped around them") {
  list_of it;
  std::string text;
  for (int i = 0; i < 200; ++i) text += std::string(999, 'x') + '\n';
  const auto bound = [&] { return it.slots.charge() + slot_list::most_waste + 2 * block_pool::standard_bytes; };
  for (int i = 0; i < 20; ++i) it.slots.append(it.lines(text, block_pool::standard_bytes));
  CHECK(it.pool.bytes_in_use() <= bound());
  while (it.slots.any_waiting()) {
    CHECK(it.slots.take_lines(1000).size == 1000);
    it.slots.drop_oldest_waiting();
  }
  CHECK(it.pool.bytes_in_use() <= bound());
  while (it.slots.any_taken()) it.slots.drop_oldest_taken();
  CHECK(it.pool.bytes_in_use() == 0);
}

TEST_CASE("receipts are settled where their slices lie but for those that have any of the first lines") {
  struct nobody final : receipt_holder {
    void settled() noexcept override {}
  };
  list_of it;
  std::vector<receipt_ref> owed;
  for (const auto* text : {"one\ntwo\n", "three\nfour\n", "five\n"}) {
    batch lines = it.lines(text);
    lines.owed = owed.emplace_back(new receipt(std::make_shared<nobody>()));
    lines.owed->expect(lines.count.lines);
    lines.owed->settle(1);
    it.slots.append(std::move(lines));
  }
  static_cast<void>(it.slots.take_lines(100));
  const bool lost = GENERATE(false, true);
  if (lost)
    it.slots.lose_receipts(1);
  else
    it.slots.settle_receipts(1);
  CHECK_FALSE(owed[0]->is_settled());
  CHECK(owed[0]->lost_lines() == 0);
  CHECK(owed[1]->is_settled());
  CHECK(owed[1]->lost_lines() == (lost ? 2u : 0u));
  CHECK(owed[2]->is_settled());
  it.slots.settle_receipts();
  CHECK(owed[0]->is_settled());
  CHECK(owed[1]->lost_lines() == (lost ? 2u : 0u));
}

}  // namespace
}  // namespace logrelay
