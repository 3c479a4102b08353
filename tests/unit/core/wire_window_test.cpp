#include <catch2/catch.hpp>
#include <logrelay/core/line_encoder.hpp>
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/core/wire_window.hpp>
#include <support/fake_clock.hpp>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace logrelay {
namespace {

class without_x final : public filter {
 public:
  bool passes(const line_view& line) override { return line.line().find('x') == std::string_view::npos; }
};

// A queue, what encodes its lines, and the window that they are written from.
struct wire {
  explicit wire(encoding_rules rules)
      : encoder(std::move(rules)), queue({.when_full = overflow::block}, pool, clock, {[] {}, [] {}, [](bool, const tally&) {}}) {}

  void push(std::string_view text, framing frames = framing::newline) {
    auto memory = pool.take(text.size());
    std::memcpy(memory->data(), text.data(), text.size());
    queue.push({memory, memory->data(), static_cast<std::uint32_t>(text.size()), frames, false, count_lines(text, frames), {}, from});
  }
  void fill(wire_window& window) {
    std::vector<batch> taken;
    queue.take(taken, 1'000'000);
    for (auto& each : taken)
      while (each.size > 0) window.add(encoder.encode(each));
  }
  /// All that is to be written next.
  static std::string next(wire_window& window) {
    std::string all;
    for (const auto& each : window.next().pieces()) all.append(static_cast<const char*>(each.iov_base), each.iov_len);
    return all;
  }

  support::fake_clock clock;
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  line_encoder encoder;
  memory_queue queue;
};

encoding_rules plain(framing frames = framing::newline) { return {frames, false, nullptr, nullptr, {}}; }
encoding_rules picky(std::optional<framing> frames = framing::newline) {
  encoding_rules rules{frames, false, nullptr, nullptr, {}};
  rules.filters.push_back(std::make_unique<without_x>());
  return rules;
}

TEST_CASE("an empty window has nothing to write") {
  wire_window window(false);
  CHECK(window.empty());
  CHECK(window.next().bytes() == 0);
  CHECK(window.torn_bytes() == 0);
}

TEST_CASE("the memory of what was built and settled is lent again, empty") {
  wire it(picky());
  wire_window window(false);
  CHECK(window.spare().wire.capacity() <= std::string().capacity());
  it.push(std::string(1000, 'a') + "\n");
  it.fill(window);
  static_cast<void>(window.next());
  window.wrote(1001);
  window.settle(1001, it.queue);
  const auto spare = window.spare();
  CHECK(spare.wire.empty());
  CHECK(spare.wire.capacity() >= 1001);
  CHECK(spare.marks.empty());
  CHECK_FALSE(spare.lines.memory);
  CHECK(window.spare().wire.capacity() <= std::string().capacity());
}

TEST_CASE("what was not built, or is large, lends nothing") {
  const bool built = GENERATE(false, true);
  const std::size_t bytes = built ? 1'000'000 : 1000;
  wire it(built ? picky() : plain());
  wire_window window(false);
  it.push(std::string(bytes, 'a') + "\n");
  it.fill(window);
  static_cast<void>(window.next());
  window.wrote(bytes + 1);
  window.settle(bytes + 1, it.queue);
  CHECK(window.empty());
  CHECK(window.spare().wire.capacity() <= std::string().capacity());
}

TEST_CASE("what is written and taken is settled by whole lines") {
  const bool built = GENERATE(false, true);
  wire it(built ? picky() : plain());
  wire_window window(false);
  it.push("one\ntwo\n");
  it.push("three\n");
  it.fill(window);
  CHECK(wire::next(window) == "one\ntwo\nthree\n");
  window.wrote(10);
  CHECK(window.torn_bytes() == 2);
  CHECK(window.mid_line());
  CHECK(wire::next(window) == "ree\n");
  CHECK(window.first_line_end() == 4);
  window.settle(6, it.queue);
  CHECK(it.queue.account().delivered == tally{1, 4});
  window.settle(10, it.queue);
  CHECK(it.queue.account().delivered == tally{2, 8});
  window.wrote(4);
  CHECK(window.torn_bytes() == 0);
  CHECK_FALSE(window.empty());
  window.settle(14, it.queue);
  CHECK(window.empty());
  CHECK(it.queue.account().delivered == tally{3, 14});
  CHECK(it.queue.account().pending == tally{});
}

TEST_CASE("lines are found before any limit, for whoever writes whole ones") {
  const bool built = GENERATE(false, true);
  wire it(built ? picky() : plain());
  wire_window window(false);
  it.push("one\ntwo\n");
  it.push("three\n");
  it.fill(window);
  window.next();
  for (std::size_t limit = 0; limit < 20; ++limit)
    CHECK(window.line_end_before(limit) == (limit < 4 ? 0 : limit < 8 ? 4 : limit < 14 ? 8 : 14));
  CHECK(window.first_line_end() == 4);
  window.wrote(5);
  window.next();
  for (std::size_t limit = 0; limit < 20; ++limit) CHECK(window.line_end_before(limit) == (limit < 3 ? 0 : limit < 9 ? 3 : 9));
  CHECK(window.first_line_end() == 3);
}

TEST_CASE("a cleared window has forgotten everything") {
  wire it(plain());
  wire_window window(false);
  it.push("one\ntwo\n");
  it.fill(window);
  window.next();
  window.wrote(6);
  window.settle(4, it.queue);
  window.clear();
  it.queue.rewind();
  CHECK(window.empty());
  CHECK(window.written_bytes() == 0);
  CHECK(window.torn_bytes() == 0);
  it.fill(window);
  CHECK(wire::next(window) == "two\n");
}

TEST_CASE("what was acked last is sent again where that is asked for and counted once") {
  const bool built = GENERATE(false, true);
  wire it(built ? picky() : plain());
  wire_window window(false, {5, framing::newline});
  it.push("one\ntwo\nthree\nfour\n");
  it.fill(window);
  CHECK(wire::next(window) == "one\ntwo\nthree\nfour\n");
  window.wrote(17);
  window.settle(8, it.queue);
  window.clear();
  it.queue.rewind();
  window.send_again();
  it.fill(window);
  CHECK(wire::next(window) == "one\ntwo\nthree\nfour\n");
  CHECK(window.first_line_end() == 4);
  CHECK(window.line_end_before(7) == 4);
  window.wrote(10);
  CHECK(window.torn_bytes() == 2);
  window.settle(5, it.queue);
  CHECK(it.queue.account().delivered == tally{2, 8});

  window.clear();  // lost again, with a part of them on its way
  it.queue.rewind();
  window.send_again();
  it.fill(window);
  CHECK(wire::next(window) == "one\ntwo\nthree\nfour\n");
  window.wrote(19);
  window.settle(19, it.queue);
  CHECK(window.empty());
  CHECK(it.queue.account().delivered == tally{4, 19});
  CHECK(it.queue.account().pending == tally{});
}

TEST_CASE("each datagram is one line without its terminator") {
  wire it(picky(std::nullopt));
  wire_window window(true);
  it.push("one\nx\n\ntwo\n");
  it.fill(window);
  const auto pieces = window.next().pieces();
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[0].iov_len == 3);
  CHECK(pieces[1].iov_len == 0);
  window.wrote(1);
  window.reject_next();
  window.settle(window.written_bytes(), it.queue);
  CHECK(it.queue.account().delivered == tally{1, 4});
  CHECK(it.queue.account().filtered == tally{1, 2});
  CHECK(it.queue.account().rejected == tally{1, 1});
  CHECK(window.next().pieces().size() == 1);
}

TEST_CASE("many lines are laid out in turns") {
  wire it(picky(std::nullopt));
  wire_window window(true);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + "\n";
  it.push(text);
  it.fill(window);
  std::size_t datagrams = 0;
  while (window.unwritten_bytes() > 0) {
    const auto n = window.next().pieces().size();
    REQUIRE(n > 0);
    datagrams += n;
    window.wrote(n);
  }
  CHECK(datagrams == 1000);
}

// Reference: the lines that pass, as they go over the wire, and what stands before and behind them.
TEST_CASE("whatever is written and settled, and when, every line is settled once") {
  const auto seed = GENERATE(range(0u, 30u));
  const auto frames = seed % 3 == 0 ? framing::octet : framing::newline;
  std::minstd_rand random(seed + 1);
  wire it(seed % 2 == 0 ? plain(frames) : picky(frames));
  wire_window window(false);
  const bool filters = seed % 2 != 0;
  std::string expected, written;
  tally passed, filtered;
  std::uint64_t settled_to = 0;
  std::vector<std::uint64_t> ends;  // of lines on the wire
  for (int step = 0; step < 400; ++step) {
    switch (random() % 4) {
      case 0: {
        std::string text;
        for (auto n = 1 + random() % 9; n > 0; --n) {
          const std::string line = std::string(random() % 20, 'a') + (random() % 3 == 0 ? "x" : "");
          const auto framed = frames == framing::octet ? std::to_string(line.size()) + " " + line : line + "\n";
          text += framed;
          if (filters && line.ends_with('x')) {
            filtered += {1, line.size() + 1};
            continue;
          }
          passed += {1, line.size() + 1};
          expected += framed;
          ends.push_back(expected.size());
        }
        it.push(text, frames);
        it.fill(window);
        break;
      }
      case 1:
      case 2: {
        const auto all = wire::next(window);
        REQUIRE(all.size() == window.bytes());
        REQUIRE(window.unwritten_bytes() >= all.size());
        const auto n = all.empty() ? 0 : random() % (all.size() + 1);
        written += all.substr(0, n);
        window.wrote(n);
        REQUIRE(window.written_bytes() == written.size());
        const auto end = std::upper_bound(ends.begin(), ends.end(), written.size());
        REQUIRE(window.torn_bytes() == written.size() - (end == ends.begin() ? 0 : *(end - 1)));
        break;
      }
      default:
        settled_to += written.size() == settled_to ? 0 : random() % (written.size() - settled_to + 1);
        window.settle(settled_to, it.queue);
        REQUIRE(it.queue.account().balances());
        REQUIRE(it.queue.account().delivered.lines ==
                static_cast<std::uint64_t>(std::upper_bound(ends.begin(), ends.end(), settled_to) - ends.begin()));
    }
  }
  while (window.unwritten_bytes() > 0) {
    written += wire::next(window);
    window.wrote(window.bytes());
  }
  window.settle(written.size(), it.queue);
  CHECK(written == expected);
  CHECK(window.empty());
  CHECK(it.queue.account().delivered == passed);
  CHECK(it.queue.account().filtered == filtered);
  CHECK(it.queue.account().pending == tally{});
}

TEST_CASE("a line of a stream that cannot be taken is left out whole, or the rest of it, and its neighbours are delivered") {
  const bool built = GENERATE(false, true);
  wire it(built ? picky() : plain());
  it.push("one\ntwo\nthree\nfour\n");
  wire_window window(false);
  it.fill(window);
  window.next();
  window.wrote(4);
  window.reject_next();
  CHECK(wire::next(window) == "three\nfour\n");
  window.wrote(3);
  window.reject_next();
  CHECK(wire::next(window) == "four\n");
  window.wrote(5);
  window.settle(window.written_bytes(), it.queue);
  CHECK(it.queue.account().delivered == tally{2, 9});
  CHECK(it.queue.account().rejected == tally{2, 10});
  CHECK(it.queue.account().balances());
}

TEST_CASE("a line that was written and then refused is rejected and its neighbours are delivered") {
  const bool as_it_is = GENERATE(true, false);
  wire it(as_it_is ? plain(framing::octet) : picky(framing::octet));
  it.push("3 one3 two3 bad4 four", framing::octet);
  it.push("3 bad3 sit", framing::octet);
  wire_window window(false);
  it.fill(window);
  const auto text = wire::next(window);
  REQUIRE(text == "3 one3 two3 bad4 four3 bad3 sit");
  window.wrote(text.size());
  window.settle(5, it.queue);  // the first is settled before
  window.reject_written(15);
  window.reject_written(26);
  window.settle(10, it.queue);
  CHECK(it.queue.account().delivered == tally{2, 8});
  CHECK(it.queue.account().rejected == tally{});
  window.settle(text.size(), it.queue);
  CHECK(it.queue.account().delivered == tally{4, 17});
  CHECK(it.queue.account().rejected == tally{2, 8});
  CHECK(it.queue.account().balances());
  CHECK(window.empty());
}

}  // namespace
}  // namespace logrelay
