#include <catch2/catch.hpp>
#include <logrelay/embed/record_queue.hpp>
#include <support/eventually.hpp>
#include <support/fake_clock.hpp>

#include <string>
#include <thread>
#include <vector>

namespace logrelay {
namespace {

using support::eventually;

/// A record queue whose listener is the test.
struct hand_over {
  explicit hand_over(overflow when_full = overflow::drop_oldest, std::size_t capacity = 64 * 1024) {
    queue_rules rules;
    rules.capacity_bytes = capacity;
    rules.when_full = when_full;
    auto from = std::make_shared<source>();
    from->decode = decoding::packed;
    const auto behind = [&](std::function<void()> on_room) {
      const queue_events tell{[] {}, std::move(on_room), [](bool, const tally&) {}};
      return std::make_shared<memory_queue>(record_queue::behind(rules), pool, clock, tell);
    };
    lines = std::make_unique<record_queue>(record_rules{capacity, when_full == overflow::block, std::move(from)}, behind, pool, [this] { ++wakes; });
  }
  published publish(std::string_view message) {
    program_record one;
    one.message = message;
    return lines->publish(one);
  }
  /// As a listener does it: false where nothing comes any more without a word.
  bool wait_for_lines() const {
    while (!lines->ready())
      if (lines->look_again() == steady_time::max()) return false;
    return true;
  }
  /// The messages of all that waits; it is settled too.
  std::vector<std::string> take_all() {
    std::vector<std::string> messages;
    while (wait_for_lines()) {
      std::vector<batch> taken;
      lines->take(taken, 1 << 20);
      for (const auto& each : taken) {
        line_cursor cursor(each.bytes(), each.frames);
        for (std::string_view line; cursor.next(line);) {
          program_record one;
          messages.emplace_back(unpack(line, one) ? one.message : line);
        }
        lines->ack(each.size, {each.marker ? tally{} : each.count, {}, {}});
      }
    }
    return messages;
  }

  support::fake_clock clock;
  block_pool pool;
  std::atomic<int> wakes{0};
  std::unique_ptr<record_queue> lines;
};

}  // namespace

TEST_CASE("record queue: records come out in order, whole, and are settled") {
  hand_over my;
  my.publish("one");
  my.publish("");
  my.publish(std::string(300'000, 'x'));  // larger than a block: an empty queue takes any one record
  CHECK(my.lines->account().balances());
  const auto got = my.take_all();
  REQUIRE(!got.empty());
  CHECK(got.back() == std::string(300'000, 'x'));
  const auto account = my.lines->account();
  CHECK(account.accepted.lines == 3);
  CHECK(account.pending.lines == 0);
  CHECK(account.balances());
}

TEST_CASE("record queue: a listener that is awake is not woken, one that sleeps is, once") {
  hand_over my;
  my.publish("one");
  CHECK(my.wakes == 0);
  my.take_all();
  CHECK_FALSE(my.wait_for_lines());  // it has looked again for a while, and sleeps now
  my.publish("two");
  my.publish("three");
  CHECK(my.wakes == 1);
  CHECK(my.take_all() == std::vector<std::string>{"two", "three"});
}

TEST_CASE("record queue: little is taken after a nap, much at once") {
  hand_over my;
  my.publish("one");
  CHECK_FALSE(my.lines->ready());
  CHECK(my.lines->look_again() != steady_time::max());
  std::vector<batch> taken;
  my.lines->take(taken, 1 << 20);
  CHECK(taken.empty());
  for (int i = 0; i < 20; ++i) my.publish(std::string(100, 'x'));
  CHECK(my.lines->ready());
  CHECK(my.take_all().size() == 21);
  CHECK(my.wakes == 0);
}

TEST_CASE("record queue: a listener that took what it was not told of stays awake") {
  hand_over my;
  CHECK_FALSE(my.wait_for_lines());
  my.publish("one");
  CHECK(my.lines->account().pending.lines == 1);  // who asks has it made a batch
  std::vector<batch> taken;
  my.lines->take(taken, 1 << 20);
  REQUIRE(taken.size() == 1);
  CHECK_FALSE(my.lines->ready());
  CHECK(my.lines->look_again() != steady_time::max());
}

TEST_CASE("record queue: a listener that is handed nothing until it has acked is told of the next record") {
  hand_over my;
  for (int i = 0; i < 300; ++i) my.publish(std::string(100, 'x'));
  std::vector<batch> taken;
  my.lines->take(taken, 1 << 20);
  REQUIRE(!taken.empty());
  CHECK_FALSE(my.wait_for_lines());
  CHECK(my.wakes == 0);
  my.publish("one");
  CHECK(my.wakes == 1);
}

TEST_CASE("record queue: what is handed over is there at once") {
  hand_over my;
  my.publish("one");
  CHECK_FALSE(my.lines->ready());
  my.lines->hand_over();
  CHECK(my.wakes == 1);
  CHECK(my.lines->ready());
}

TEST_CASE("record queue: a full queue of a few records keeps as many as it has room for") {
  hand_over my(overflow::drop_oldest, 8 * 1024);
  for (int i = 0; i < 300; ++i) {
    my.publish(std::string(100, 'x'));
    if (i > 50) REQUIRE(my.lines->account().pending.lines > 15);
  }
}

TEST_CASE("record queue: what goes in a full queue is a slice, the oldest") {
  hand_over my;
  for (int i = 0; i < 1000; ++i) my.publish(std::string(100, 'x'));
  const auto account = my.lines->account();
  const auto slice = account.dropped().lines;
  CHECK(slice > 0);
  CHECK(slice % (16 * 1024 / 136) == 0);  // a quarter of the queue, whole records in it
}

TEST_CASE("record queue: it holds what it may, whatever is published") {
  const auto policy = GENERATE(overflow::drop_oldest, overflow::drop_newest);
  hand_over my(policy);
  for (int i = 0; i < 10'000; ++i) {
    my.publish(std::string(100, 'x'));
    if (i % 100 == 0) REQUIRE(my.lines->account().queue_bytes <= 64 * 1024);
  }
  const auto account = my.lines->account();
  CHECK(account.dropped().lines > 0);
  CHECK(account.balances());
  const auto got = my.take_all();
  CHECK(got.size() - my.lines->account().markers.lines == account.pending.lines);
}

TEST_CASE("record queue: nothing is taken in once it is closed, and what is there comes out") {
  hand_over my;
  my.publish("one");
  my.lines->close();
  CHECK(my.publish("two") == published::closed);
  CHECK_FALSE(my.lines->finished());
  CHECK(my.take_all() == std::vector<std::string>{"one"});
  CHECK(my.lines->finished());
}

TEST_CASE("record queue: a full blocking queue holds its publisher until something is settled") {
  hand_over my(overflow::block);
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    for (int i = 0; i < 2000; ++i) my.publish(std::string(100, 'x'));
    done = true;
  });
  std::size_t got = 0;
  CHECK(eventually([&] {
    got += my.take_all().size();
    return done.load();
  }));
  publisher.join();
  CHECK(got + my.take_all().size() == 2000);
  CHECK(my.lines->account().dropped().lines == 0);
}

TEST_CASE("record queue: a listener that publishes into its own full queue is refused, and does not wait") {
  hand_over my(overflow::block);
  record_queue::in_listener() = true;
  std::size_t refused = 0;
  for (int i = 0; i < 2000; ++i) refused += my.publish(std::string(100, 'x')) == published::refused;
  record_queue::in_listener() = false;
  CHECK(refused > 0);
  CHECK(my.lines->refused() == refused);
  CHECK(my.lines->account().accepted.lines == 2000 - refused);
}

TEST_CASE("record queue: who waits for room is told once, when there is some") {
  hand_over my;
  while (my.lines->has_room()) my.publish(std::string(100, 'x'));
  int told = 0, forgotten = 0;
  CHECK(my.lines->when_room([&] { ++told; }) != 0);
  const auto waiter = my.lines->when_room([&] { ++forgotten; });
  CHECK(my.lines->forget(waiter));
  CHECK_FALSE(my.lines->forget(waiter));
  CHECK(told == 0);
  my.take_all();
  CHECK(told == 1);
  my.take_all();
  CHECK(told == 1);
  CHECK(forgotten == 0);
  CHECK(my.lines->when_room([&] { ++told; }) == 0);  // there is room now
  CHECK(told == 2);
}

}  // namespace logrelay
