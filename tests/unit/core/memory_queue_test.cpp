#include <catch2/catch.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <support/fake_clock.hpp>

#include <cstring>
#include <string>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

// A queue, its clock, and what it told. Lines are pushed from blocks of their own unless a reader's block is given.
struct queue_of {
  explicit queue_of(queue_rules rules) : queue(rules, pool, clock, events()) {}
  queue_of(overflow when_full, std::size_t capacity) : queue_of(queue_rules{.capacity_bytes = capacity, .when_full = when_full}) {}

  queue_events events() {
    return {[this] { ++told_lines; }, [this] { ++told_room; }, [this](bool begins, const tally& dropped) { losses.emplace_back(begins, dropped); }};
  }

  batch batch_of(std::string_view text, std::size_t block_bytes = 0) {
    auto memory = pool.take(std::max(block_bytes, text.size()));
    std::memcpy(memory->data(), text.data(), text.size());
    return {memory, memory->data(), static_cast<std::uint32_t>(text.size()), framing::newline, false,
            count_lines(text, framing::newline), clock.wall(), from};
  }
  void push(std::string_view text, std::size_t block_bytes = 0) { queue.push(batch_of(text, block_bytes)); }

  lines take(std::size_t most = 1024 * 1024) {
    std::vector<batch> got;
    queue.take(got, most);
    lines all;
    for (const auto& each : got) {
      line_cursor cursor(each.bytes(), each.frames);
      for (std::string_view line; cursor.next(line);) all.emplace_back(line);
    }
    return all;
  }
  void deliver(std::size_t bytes, tally what) { queue.ack(bytes, {what, {}, {}}); }

  support::fake_clock clock;
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  int told_lines = 0, told_room = 0;
  std::vector<std::pair<bool, tally>> losses;
  memory_queue queue;
};

constexpr auto unlimited = static_cast<std::size_t>(-1);

TEST_CASE("a queue hands lines out in order and keeps them until they are acked") {
  queue_of it(overflow::block, 10'000);
  it.push("one\ntwo\n");
  it.push("three\n");
  CHECK(it.take() == lines{"one", "two", "three"});
  CHECK(it.take().empty());
  CHECK(it.queue.account().pending == tally{3, 14});
  it.deliver(4, {1, 4});
  CHECK(it.queue.account().delivered == tally{1, 4});
  CHECK(it.queue.account().pending == tally{2, 10});
  it.queue.rewind();
  CHECK(it.take() == lines{"two", "three"});
  it.queue.ack(10, {{1, 4}, {1, 6}, {}});
  CHECK(it.queue.account().pending == tally{});
  CHECK(it.queue.account().filtered == tally{1, 6});
  CHECK(it.queue.account().queue_bytes == 0);
  CHECK(it.queue.account().balances());
}

TEST_CASE("a queue is finished when it is closed and everything is acked") {
  queue_of it(overflow::block, 10'000);
  it.push("one\n");
  CHECK(it.told_lines == 1);
  it.queue.close();
  CHECK(it.told_lines == 2);
  CHECK(it.told_room == 1);
  CHECK_FALSE(it.queue.finished());
  CHECK(it.take() == lines{"one"});
  CHECK_FALSE(it.queue.ready());
  it.deliver(4, {1, 4});
  CHECK(it.queue.finished());
}

TEST_CASE("slices that follow each other are merged, and cost one slot") {
  queue_of it(overflow::block, 10'000'000);
  auto whole = it.batch_of("one\ntwo\nthree\n");
  auto second = whole;
  const auto first = split_front(second, 4);
  it.queue.push(first);
  const auto one_slot = it.queue.account().queue_bytes;
  it.queue.push(second);
  CHECK(it.queue.account().queue_bytes == one_slot + second.size);
  std::vector<batch> got;
  it.queue.take(got, 1'000'000);
  REQUIRE(got.size() == 1);
  CHECK(got[0].count == tally{3, 14});
}

TEST_CASE("slices are not merged where the time of each matters or they are a second apart") {
  const bool keep_times = GENERATE(true, false);
  queue_of it(queue_rules{.capacity_bytes = 10'000'000, .keep_times = keep_times});
  auto rest = it.batch_of("one\ntwo\n");
  const auto first = split_front(rest, 4);
  it.queue.push(first);
  it.clock.pass(keep_times ? 1ms : 1001ms);
  rest.time = it.clock.wall();
  it.queue.push(rest);
  std::vector<batch> got;
  it.queue.take(got, 1'000'000);
  REQUIRE(got.size() == 2);
  CHECK(got[1].time == it.clock.wall());
}

TEST_CASE("drop-oldest drops the oldest lines and says so in their place") {
  queue_of it(overflow::drop_oldest, 1400);
  const std::string filler(600, 'x');
  it.push("1" + filler + "\n");
  it.clock.pass(1s);
  it.push("2" + filler + "\n");
  it.push("3" + filler + "\n");
  const auto got = it.take();
  REQUIRE(got.size() == 2);
  CHECK(got[0] == "logrelay: dropped 2 lines (1204 bytes): queue full, from 2026-11-22T14:05:01.000Z to 2026-11-22T14:05:02.000Z");
  CHECK(got[1] == "3" + filler);
  CHECK(it.queue.account().dropped() == tally{2, 1204});
  REQUIRE(it.losses.size() == 1);
  CHECK(it.losses[0].first);
}

TEST_CASE("drop-newest drops the newest lines and says so in their place") {
  queue_of it(overflow::drop_newest, 1600);
  const std::string filler(500, 'x');
  it.push("1" + filler + "\n");
  it.push("2" + filler + "\n" + "3" + filler + "\n4\n");
  it.push("5" + filler + "\n");
  auto got = it.take();
  REQUIRE(got.size() == 2);
  CHECK(got[0] == "1" + filler);
  CHECK(got[1] == "2" + filler);
  it.deliver(1004, {2, 1004});
  it.push("6\n");
  got = it.take();
  REQUIRE(got.size() == 2);
  CHECK(got[0].starts_with("logrelay: dropped 3 lines (1006 bytes): queue full, from "));
  CHECK(got[1] == "6");
}

TEST_CASE("a notice that was not acked before a rewind grows with what is dropped next") {
  queue_of it(overflow::drop_oldest, 4000);
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 4; ++i) it.push(line);
  REQUIRE(it.take().front().starts_with("logrelay: dropped 1 lines (1000 bytes)"));
  it.queue.rewind();
  it.push(line);
  CHECK(it.take().front().starts_with("logrelay: dropped 2 lines (2000 bytes)"));
}

TEST_CASE("half of a queue stays where it can be dropped") {
  queue_of it(GENERATE(overflow::drop_oldest, overflow::drop_newest, overflow::adaptive, overflow::block), 100'000);
  std::string text;
  for (int i = 0; i < 900; ++i) text += std::string(99, static_cast<char>('a' + i % 26)) + "\n";
  it.push(text);
  CHECK(it.take().size() == 500);
  CHECK_FALSE(it.queue.ready());
  CHECK(it.take().empty());
  it.deliver(1000, {10, 1000});
  CHECK(it.queue.ready());
  const auto more = it.take();
  CHECK(more.size() >= 9);
  CHECK(more.size() <= 11);
}

TEST_CASE("where slices are to stay whole, they are taken and dropped whole") {
  constexpr std::size_t capacity = 8000;
  queue_of it(queue_rules{.capacity_bytes = capacity, .when_full = overflow::drop_oldest, .whole_slices_of = 2000});
  const auto slice = [](char of) {
    std::string text;
    for (int i = 0; i < 15; ++i) text += std::string(99, of) + "\n";
    return text;
  };
  it.push(slice('a'));
  CHECK(it.take().size() == 15);
  for (const char each : {'b', 'c', 'd', 'e', 'f'}) it.push(slice(each));
  CHECK(it.queue.account().dropped() == tally{30, 3000});  // b and c, all of them
  CHECK(it.queue.account().queue_bytes <= capacity);
  const auto next = it.take();  // a notice, and no more of d than all: less than half of the queue is taken then
  REQUIRE(next.size() == 16);
  CHECK(next[1].front() == 'd');
  CHECK(it.take().empty());
}

TEST_CASE("what was taken is not dropped") {
  queue_of it(overflow::drop_oldest, 2000);
  const std::string filler(500, 'x');
  it.push("1" + filler + "\n");
  CHECK(it.take().size() == 1);
  for (int i = 0; i < 9; ++i) it.push("2" + filler + "\n");
  it.queue.rewind();
  CHECK(it.take().front() == "1" + filler);
  CHECK(it.queue.account().balances());
}

TEST_CASE("one line is taken whatever its size") {
  queue_of it(overflow::block, 100'000);
  it.push(std::string(99'999, 'x') + "\n");
  CHECK(it.take().size() == 1);
}

TEST_CASE("an empty queue takes any one line") {
  const auto when_full = GENERATE(overflow::drop_oldest, overflow::drop_newest);
  queue_of it(when_full, 1000);
  const std::string one(5000, '1'), two(5000, '2');
  it.push(one + "\n" + two + "\n");
  const auto got = it.take();
  REQUIRE(got.size() == (when_full == overflow::drop_oldest ? 2 : 1));
  CHECK(got.back() == (when_full == overflow::drop_oldest ? two : one));
}

TEST_CASE("a full queue that may not drop holds its inputs until there is room worth a read") {
  queue_of it(overflow::block, 100'000);
  CHECK(it.queue.room_now().bytes == 100'000);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string(98, 'x') + "\n";
  it.push(text);
  const auto held = it.queue.room_now();
  CHECK(held.bytes == 0);
  CHECK(held.until == steady_time::max());
  it.take();
  it.deliver(99 * 50, {50, 99 * 50});
  CHECK(it.told_room == 0);
  it.deliver(99 * 200, {200, 99 * 200});
  CHECK(it.told_room == 1);
  CHECK(it.queue.room_now().bytes > 16'000);
  CHECK(it.queue.account().dropped() == tally{});
}

// A reader that was held by the full queue waits without a timer; another that asks a moment later is only paced.
TEST_CASE("who waits for a full queue is told of room even when another is only paced") {
  queue_of it(overflow::block, 8 * 1024 * 1024);
  const std::string line = std::string(1023, 'x') + "\n";
  for (int i = 0; i < 8 * 1024; ++i) it.push(line);
  REQUIRE(it.queue.room_now().bytes == 0);
  std::vector<batch> got;
  it.queue.take(got, 16 * 1024 * 1024);
  while (it.queue.account().queue_bytes + 5000 > 8 * 1024 * 1024) it.deliver(1024, {1, 1024});
  REQUIRE(it.told_room == 0);
  const auto paced = it.queue.room_now();
  CHECK(paced.bytes == 0);
  CHECK(paced.until < steady_time::max());
  for (int i = 0; i < 20; ++i) it.deliver(1024, {1, 1024});
  CHECK(it.told_room == 1);
}

TEST_CASE("an adaptive queue holds its inputs while the output moves and drops the oldest once it is dead") {
  queue_of it(overflow::adaptive, 10'000);
  const std::string line = std::string(99, 'x') + "\n";
  while (it.queue.room_now().bytes > 0) it.push(line);
  const auto first = it.queue.room_now();
  CHECK(first.until == it.clock.now() + 2s);
  it.take();
  it.clock.pass(1999ms);
  CHECK(it.queue.room_now().bytes == 0);
  it.clock.pass(1ms);
  CHECK(it.queue.room_now().bytes == unlimited);
  for (int i = 0; i < 20; ++i) it.push(line);
  CHECK(it.queue.account().dropped().lines > 0);
  CHECK(it.losses.size() == 1);

  // It goes on dropping until it is half empty, and then says how many there were.
  const auto dropped = it.queue.account().dropped();
  it.deliver(1000, {10, 1000});
  CHECK(it.queue.room_now().bytes == unlimited);
  CHECK(it.losses.size() == 1);
  while (it.queue.account().queue_bytes > 5000) {
    if (it.queue.ready()) it.take();
    it.deliver(100, {1, 100});
  }
  REQUIRE(it.losses.size() == 2);
  CHECK_FALSE(it.losses[1].first);
  CHECK(it.losses[1].second == dropped);
  CHECK(it.queue.room_now().bytes < unlimited);
}

TEST_CASE("an adaptive queue for which no output is ever dead drops nothing") {
  queue_of it(queue_rules{.capacity_bytes = 1000, .when_full = overflow::adaptive, .stall_after = std::chrono::milliseconds::max()});
  it.push(std::string(2000, 'x') + "\n");
  CHECK(it.queue.room_now().bytes == 0);
  CHECK(it.queue.room_now().until == steady_time::max());
}

TEST_CASE("who asked whether a slice finds room is told once when something has left, whatever the policy") {
  queue_of it(GENERATE(overflow::drop_oldest, overflow::drop_newest, overflow::block), 10'000);
  CHECK(it.queue.takes(20'000));  // the first of all
  it.push("line\n");
  CHECK(it.queue.takes(5'000));
  it.take();
  it.deliver(5, {1, 5});
  CHECK(it.told_room == 0);  // nobody was told no
  it.push("line\n");
  CHECK_FALSE(it.queue.takes(10'000));
  it.take();
  CHECK(it.told_room == 0);
  it.deliver(5, {1, 5});
  CHECK(it.told_room == 1);
  it.push("line\n");
  it.take();
  it.deliver(5, {1, 5});
  CHECK(it.told_room == 1);
}

TEST_CASE("an adaptive queue whose output moves a little drops nothing") {
  queue_of it(overflow::adaptive, 100'000);
  const std::string line = std::string(99, 'x') + "\n";
  std::size_t taken = 0;
  for (int i = 0; i < 3000; ++i) {
    while (it.queue.room_now().bytes > 0) it.push(line);
    taken += it.take().size();
    if (taken > 200) it.deliver(20'000, {200, 20'000}), taken -= 200;
    it.clock.pass(1900ms);
  }
  CHECK(it.queue.account().dropped() == tally{});
}

TEST_CASE("an output that was idle is not dead when the first lines come") {
  queue_of it(overflow::adaptive, 1000);
  it.clock.pass(100s);
  it.push(std::string(5000, 'x') + "\n");
  const auto answer = it.queue.room_now();
  CHECK(answer.bytes == 0);
  CHECK(answer.until == it.clock.now() + 2s);
}

TEST_CASE("small slices do not keep the blocks alive that they were read into") {
  queue_of it(overflow::drop_oldest, 64 * 1024 * 1024);
  for (int i = 0; i < 2000; ++i) it.push("a line of an input that says little\n", block_pool::standard_bytes);
  CHECK(it.pool.bytes_in_use() < it.queue.account().queue_bytes + memory_queue::most_waste + 2 * block_pool::standard_bytes);
  CHECK(it.take().size() == 2000);
  it.deliver(2000 * 36, {2000, 2000 * 36});
  CHECK(it.pool.bytes_in_use() == 0);
}

TEST_CASE("a slice that is larger than a block is copied whole") {
  queue_of it(overflow::drop_oldest, 64 * 1024 * 1024);
  const auto line = std::string(300 * 1024, 'x') + "\n";
  for (int i = 0; i < 20; ++i) it.push(line, 1024 * 1024);
  CHECK(it.pool.bytes_in_use() < 20 * line.size() + 3 * memory_queue::most_waste);
  for (const auto& each : it.take(64 * 1024 * 1024)) CHECK(each.size() == 300 * 1024);
}

TEST_CASE("what is taken bit by bit does not keep alive what was dropped around it") {
  queue_of it(overflow::drop_oldest, 64 * 1024);
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::string(99, 'x') + "\n";
  for (int i = 0; i < 3000; ++i) {
    it.push(text, block_pool::standard_bytes);
    it.take(1);
    it.deliver(100, {1, 100});
    it.queue.account();
  }
  CHECK(it.pool.bytes_in_use() < 64 * 1024 + memory_queue::most_waste + 3 * block_pool::standard_bytes);
}

TEST_CASE("an account knows when its oldest line was read") {
  queue_of it(overflow::block, 10'000);
  it.push("one\n");
  const auto then = it.clock.wall();
  it.clock.pass(5s);
  it.push("two\n");
  CHECK(it.queue.account().oldest == then);
  it.take();
  it.deliver(4, {1, 4});
  CHECK(it.queue.account().oldest == then + 5s);
}

}  // namespace
}  // namespace logrelay
