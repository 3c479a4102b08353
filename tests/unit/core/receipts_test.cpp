#include <catch2/catch.hpp>
#include <logrelay/core/line_encoder.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/queue_handler.hpp>
#include <logrelay/core/receipts.hpp>
#include <logrelay/core/wire_window.hpp>
#include <support/fake_clock.hpp>

#include <cstring>
#include <string>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// An input with receipts before queues of its own.
struct input_with_receipts {
  explicit input_with_receipts(const std::vector<queue_rules>& queues) : book(handler, [this] { ++told; }) {
    for (const auto& rules : queues) {
      outputs.push_back(std::make_unique<memory_queue>(rules, pool, clock, queue_events{[] {}, [] {}, [](bool, const tally&) {}}));
      handler.connect(0, outputs.size() - 1, *outputs.back());
    }
  }

  void publish(std::string_view text) {
    auto memory = pool.take(text.size());
    std::memcpy(memory->data(), text.data(), text.size());
    const char* const data = memory->data();
    book.publish({std::move(memory), data, static_cast<std::uint32_t>(text.size()), framing::newline, false,
                  count_lines(text, framing::newline), clock.wall(), from});
  }
  /// Takes all that waits and settles so many bytes of it.
  void settle(std::size_t output, std::size_t bytes, const settled& what = {}) {
    std::vector<batch> got;
    outputs[output]->take(got, 1'000'000);
    outputs[output]->ack(bytes, what);
  }
  /// The marks that come back, those of lost lines negative.
  std::vector<int> back() {
    std::vector<int> marks;
    while (const auto done = book.next()) marks.push_back((done->lost_lines > 0 ? -1 : 1) * static_cast<int>(done->mark));
    return marks;
  }

  support::fake_clock clock;
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  queue_handler handler;
  std::vector<std::unique_ptr<memory_queue>> outputs;
  int told = 0;
  receipts book;
};

using marks = std::vector<int>;

queue_rules blocking() { return {.when_full = overflow::block}; }

TEST_CASE("a receipt comes back once every output has settled its lines") {
  input_with_receipts it({blocking(), blocking()});
  it.publish("one\ntwo\n");
  it.publish("three\n");
  it.book.seal(7);
  CHECK(it.book.outstanding() == 1);
  it.settle(0, 14);
  CHECK(it.told == 0);
  CHECK(it.back().empty());
  it.settle(1, 4);  // in mid-slice
  it.settle(1, 4);
  CHECK(it.back().empty());
  it.settle(1, 6);
  CHECK(it.told == 1);
  CHECK(it.back() == marks{7});
  CHECK(it.back().empty());
  CHECK(it.book.outstanding() == 0);
}

TEST_CASE("what is settled before the seal comes back with the seal") {
  input_with_receipts it({blocking()});
  it.publish("one\n");
  it.settle(0, 4);
  CHECK(it.told == 0);
  it.publish("two\n");
  it.settle(0, 4);
  CHECK(it.back().empty());
  it.book.seal(1);
  CHECK(it.told == 1);
  CHECK(it.back() == marks{1});
}

TEST_CASE("receipts come back in the order of their seals") {
  input_with_receipts it({{.capacity_bytes = 1000, .when_full = overflow::drop_newest}});
  it.publish(std::string(600, 'a') + '\n');
  it.book.seal(1);
  it.publish(std::string(600, 'b') + '\n');  // dropped at once
  it.book.seal(2);
  CHECK(it.told == 1);
  CHECK(it.back().empty());
  it.settle(0, 601);
  CHECK(it.told == 2);
  CHECK(it.back() == marks{1, -2});
}

TEST_CASE("lines that nobody takes, and a seal of none, are settled at once") {
  input_with_receipts it({});
  it.book.seal(1);
  it.publish("one\n");
  it.book.seal(2);
  CHECK(it.told == 1);
  CHECK(it.back() == marks{1, 2});
}

TEST_CASE("a receipt is told again only after somebody looked") {
  input_with_receipts it({blocking()});
  for (std::uint64_t i = 1; i <= 3; ++i) it.publish("x\n"), it.book.seal(i);
  it.settle(0, 2);
  it.settle(0, 2);
  CHECK(it.told == 1);
  CHECK(it.back() == marks{1, 2});
  it.settle(0, 2);
  CHECK(it.told == 2);
  CHECK(it.back() == marks{3});
}

TEST_CASE("slices of one receipt are merged and those of two are not") {
  input_with_receipts it({blocking()});
  auto memory = it.pool.take(6);
  std::memcpy(memory->data(), "1\n2\n3\n", 6);
  const auto publish = [&](std::size_t at) {
    it.book.publish({memory, memory->data() + at, 2, framing::newline, false, {1, 2}, it.clock.wall(), it.from});
  };
  publish(0);
  publish(2);
  it.book.seal(1);
  CHECK(it.outputs[0]->account().queue_bytes == 4 + sizeof(slot));
  publish(4);
  it.book.seal(2);
  CHECK(it.outputs[0]->account().queue_bytes == 6 + 2 * sizeof(slot));
  it.settle(0, 4);
  CHECK(it.back() == marks{1});
}

TEST_CASE("filtered lines are settled and not lost") {
  input_with_receipts it({blocking()});
  it.publish("one\n");
  it.book.seal(1);
  it.settle(0, 4, {{}, {1, 4}, {}});
  CHECK(it.back() == marks{1});
}

TEST_CASE("dropped lines are lost, whatever the policy") {
  const auto when_full = GENERATE(overflow::drop_newest, overflow::drop_oldest, overflow::adaptive);
  input_with_receipts it({{.capacity_bytes = 1000, .when_full = when_full, .stall_after = 100ms}});
  it.publish(std::string(700, 'a') + '\n');
  it.book.seal(1);
  it.publish(std::string(250, 'b') + '\n');
  it.book.seal(2);
  static_cast<void>(it.outputs[0]->room_now());
  it.clock.pass(200ms);
  static_cast<void>(it.outputs[0]->room_now());  // an adaptive queue's output is dead now
  it.publish("c\n" + std::string(500, 'c') + '\n');
  it.book.seal(3);
  const bool newest = when_full == overflow::drop_newest;
  CHECK(it.told == 1);
  CHECK(it.outputs[0]->account().dropped().lines == 2);
  CHECK(it.back() == (newest ? marks{} : marks{-1, -2}));
  std::vector<batch> left;
  while (it.outputs[0]->ready()) {
    left.clear();
    it.outputs[0]->take(left, 1'000'000);
    for (const auto& each : left) it.outputs[0]->ack(each.size, {each.marker ? tally{} : each.count, {}, {}});
  }
  CHECK(it.back() == (newest ? marks{1, -2, -3} : marks{3}));
}

TEST_CASE("lines that are taken back are settled once") {
  input_with_receipts it({blocking()});
  it.publish("one\ntwo\n");
  it.book.seal(1);
  it.settle(0, 4);
  it.outputs[0]->rewind();
  CHECK(it.back().empty());
  it.settle(0, 4);
  CHECK(it.back() == marks{1});
}

TEST_CASE("a rejected line is lost to its own receipt and to no other") {
  input_with_receipts it({blocking()});
  line_encoder encoder({std::nullopt, false, nullptr, nullptr, {}});
  for (const auto* line : {"one\n", "two\n", "three\n"}) it.publish(line), it.book.seal(static_cast<std::uint64_t>(std::strlen(line)));
  std::vector<batch> taken;
  it.outputs[0]->take(taken, 1'000);
  wire_window window(true);
  for (auto& each : taken)
    while (each.size > 0) window.add(encoder.encode(each));
  window.next();
  window.wrote(1);
  window.reject_next();
  window.next();
  window.wrote(1);
  CHECK(it.told == 0);
  window.settle(window.written_bytes(), *it.outputs[0]);
  CHECK(it.back() == marks{4, -4, 6});
}

TEST_CASE("what is still in a queue when that goes was never settled") {
  input_with_receipts it({blocking()});
  it.publish("one\ntwo\n");
  it.book.seal(1);
  it.settle(0, 4);
  it.outputs[0]->close();
  it.outputs.clear();
  CHECK(it.told == 0);
  CHECK(it.back().empty());
}

TEST_CASE("a book that has gone is told nothing") {
  input_with_receipts it({blocking()});
  int told = 0;
  {
    receipts gone(it.handler, [&] { ++told; });
    auto memory = it.pool.take(2);
    std::memcpy(memory->data(), "x\n", 2);
    gone.publish({memory, memory->data(), 2, framing::newline, false, {1, 2}, it.clock.wall(), it.from});
    gone.seal(1);
  }
  it.settle(0, 2);
  CHECK(told == 0);
  CHECK(it.outputs[0]->account().pending == tally{});
}

}  // namespace
}  // namespace logrelay
