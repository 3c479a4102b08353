#include <catch2/catch.hpp>
#include <logrelay/core/line_framer.hpp>
#include <support/reference_framer.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using lines = std::vector<std::string>;

// Keeps the batches as they were handed out, and looks into them only at the end: what was published must not change.
class kept_batches final : public batch_sink {
 public:
  void publish(batch&& all) override { batches.push_back(std::move(all)); }

  [[nodiscard]] lines found() const {
    lines every;
    for (const auto& each : batches) {
      line_cursor cursor(each.bytes(), each.frames);
      for (std::string_view line; cursor.next(line);) every.emplace_back(line);
    }
    return every;
  }
  [[nodiscard]] tally counted() const {
    tally all;
    for (const auto& each : batches) all += each.count;
    return all;
  }
  /// Each batch's count is that of its lines, and its bytes end with a line.
  [[nodiscard]] bool sound() const {
    return std::all_of(batches.begin(), batches.end(), [](const batch& each) {
      return each.size > 0 && each.count == count_lines(each.bytes(), each.frames) && each.count.lines > 0 &&
             (each.frames == framing::octet || each.bytes().back() == (each.frames == framing::nul ? '\0' : '\n'));
    });
  }

  std::vector<batch> batches;
};

wall_time at(int seconds) { return wall_time(std::chrono::seconds(seconds)); }

struct stream {
  stream(read_memory& memory, const framing_rules& given) : rules(given), framer(memory, rules, std::make_shared<source>(), out, counters) {}

  void write(std::string_view bytes, wall_time now = at(1)) {
    while (!bytes.empty()) {
      const auto space = framer.space(bytes.size());
      REQUIRE(!space.empty());
      REQUIRE(space.size() <= bytes.size());
      std::memcpy(space.data(), bytes.data(), space.size());
      framer.commit(space.size(), now);
      bytes.remove_prefix(space.size());
    }
  }
  void finish() { framer.finish(at(9)); }

  framing_rules rules;
  kept_batches out;
  input_counters counters;
  line_framer framer;
};

struct alone {
  explicit alone(framing_rules rules = {}) : memory(pool), it(memory, rules) {}
  block_pool pool;
  read_memory memory;
  stream it;
};

framing_rules rules_of(framing frames, std::uint32_t max_line = 1024 * 1024, long_line_action action = long_line_action::split) {
  return {frames, false, max_line, action};
}

lines framed(framing_rules rules, std::string_view text) {
  alone one(rules);
  one.it.write(text);
  one.it.finish();
  REQUIRE(one.it.out.sound());
  return one.it.out.found();
}

// Both have read the same; now they must say the same.
void same(const stream& ours, const support::reference_framer& reference) {
  REQUIRE(ours.out.sound());
  const auto found = ours.out.found();
  REQUIRE(found.size() == reference.lines.size());
  REQUIRE((found == reference.lines));
  REQUIRE(ours.counters.long_lines == reference.long_lines);
  REQUIRE(ours.counters.framing_errors == reference.framing_errors);
  REQUIRE(ours.counters.lines == found.size());
  tally all;
  for (const auto& each : found) all += {1, each.size() + 1};
  REQUIRE(ours.counters.bytes == all.bytes);
  REQUIRE(ours.out.counted() == all);
}

support::reference_framer reference_of(const framing_rules& rules, std::string_view text) {
  support::reference_framer reference(rules);
  reference.read(text);
  reference.finish();
  return reference;
}

const auto odd_text = "plain\n\n\ncarriage\r\nNUL \0 inside\n\xff\xfe\xc3( not UTF-8\n \0\0\n\r\nthe last line has no end"sv;

TEST_CASE("a framer keeps every byte of every line, wherever the writes are split") {
  const auto frames = GENERATE(framing::newline, framing::nul);
  const auto rules = rules_of(frames);
  const auto expected = reference_of(rules, odd_text);
  for (std::size_t first = 0; first <= odd_text.size(); ++first)
    for (std::size_t second = first; second <= odd_text.size(); ++second) {
      alone one(rules);
      one.it.write(odd_text.substr(0, first));
      one.it.write(odd_text.substr(first, second - first));
      one.it.write(odd_text.substr(second));
      one.it.finish();
      same(one.it, expected);
    }
}

TEST_CASE("octet frames may hold anything, wherever the writes are split") {
  const auto text = "5 plain0 6 a\nb\0c\n10 1 x 2 yz\n\n1  12 and the rest"sv;
  const auto rules = rules_of(framing::octet);
  const auto expected = reference_of(rules, text);
  CHECK(expected.lines == lines{"plain", "", "a\nb\0c\n"s, "1 x 2 yz\n\n", " ", "and the rest"});
  CHECK(expected.framing_errors == 0);
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      alone one(rules);
      one.it.write(text.substr(0, first));
      one.it.write(text.substr(first, second - first));
      one.it.write(text.substr(second));
      one.it.finish();
      same(one.it, expected);
    }
}

TEST_CASE("a last line without a terminator is completed with one") {
  CHECK(framed(rules_of(framing::newline), "one\ntwo") == lines{"one", "two"});
  CHECK(framed(rules_of(framing::nul), "one\0two"sv) == lines{"one", "two"});
  CHECK(framed(rules_of(framing::newline), "one\n") == lines{"one"});
  CHECK(framed(rules_of(framing::newline), "\n") == lines{""});
  CHECK(framed(rules_of(framing::newline), "").empty());
}

TEST_CASE("a lone stream's lines are slices of one block and are never copied") {
  alone one;
  one.it.write("one\ntwo\nthr");
  one.it.write("ee\nfour\n");
  REQUIRE(one.it.out.batches.size() == 2);
  CHECK(one.it.out.batches[0].memory == one.it.out.batches[1].memory);
  CHECK(one.it.out.batches[0].data + one.it.out.batches[0].size == one.it.out.batches[1].data);
}

TEST_CASE("a lone stream whose lines are settled at once turns over one single block") {
  alone one;
  const std::string text(1023, 'x');
  std::vector<const char*> blocks;
  for (int i = 0; i < 1000; ++i) {
    one.it.write(text + '\n');
    blocks.push_back(one.memory.open()->data());
    one.it.out.batches.clear();
  }
  CHECK(std::count(blocks.begin(), blocks.end(), blocks[0]) == 1000);
}

TEST_CASE("a batch has the time of the read that ended its first line") {
  alone one;
  one.it.write("one\ntw", at(3));
  one.it.write("o\n", at(4));
  one.it.write("last", at(5));
  one.it.finish();
  REQUIRE(one.it.out.batches.size() == 3);
  CHECK(one.it.out.batches[0].time == at(3));
  CHECK(one.it.out.batches[1].time == at(4));
  CHECK(one.it.out.batches[2].time == at(9));
}

constexpr std::size_t block_size = block_pool::standard_bytes, turn = 64 * 1024, default_longest = 1024 * 1024;

TEST_CASE("lines of about the longest length, the read block and a reader's turn stay whole") {
  const auto size = GENERATE(turn - 1, turn, turn + 1, block_size / 2, block_size - 4098, block_size - 4097, block_size - 4096,
                             block_size - 2, block_size - 1, block_size, block_size + 1, 2 * block_size, default_longest - 1,
                             default_longest, default_longest + 1, 2 * default_longest, 2 * default_longest + 1);
  const auto turns = GENERATE(std::size_t{64 * 1024}, std::size_t{5000});
  const auto text = "before\n" + std::string(size, 'x') + "\nafter\n" + std::string(size, 'y') + "\nend";
  const auto rules = rules_of(framing::newline);
  alone one(rules);
  for (std::size_t from = 0; from < text.size(); from += turns) one.it.write(std::string_view(text).substr(from, turns));
  one.it.finish();
  same(one.it, reference_of(rules, text));
  CHECK(one.it.counters.long_lines == (size > default_longest ? 2 : 0));
  CHECK(one.memory.carry_bytes() == 0);
}

TEST_CASE("octet frames of about the longest length and the read block stay whole") {
  const auto size = GENERATE(block_size - 8, block_size - 7, block_size - 1, block_size, block_size + 1, default_longest - 1,
                             default_longest, default_longest + 1, 2 * default_longest + 1);
  const auto action = GENERATE(long_line_action::split, long_line_action::truncate, long_line_action::drop);
  const auto text = "6 before" + std::to_string(size) + ' ' + std::string(size, 'x') + "5 after";
  const auto rules = rules_of(framing::octet, default_longest, action);
  alone one(rules);
  for (std::size_t from = 0; from < text.size(); from += 60'000) one.it.write(std::string_view(text).substr(from, 60'000));
  one.it.finish();
  same(one.it, reference_of(rules, text));
}

TEST_CASE("a long line is split, truncated or dropped, and counted once") {
  const auto text = "short\nabcdefghijkl\nfits\nmnopqrstu"sv;
  CHECK(framed(rules_of(framing::newline, 5, long_line_action::split), text) == lines{"short", "abcde", "fghij", "kl", "fits", "mnopq", "rstu"});
  CHECK(framed(rules_of(framing::newline, 5, long_line_action::truncate), text) == lines{"short", "abcde", "fits", "mnopq"});
  CHECK(framed(rules_of(framing::newline, 5, long_line_action::drop), text) == lines{"short", "fits"});
  const auto action = GENERATE(long_line_action::split, long_line_action::truncate, long_line_action::drop);
  const auto rules = rules_of(framing::newline, 5, action);
  for (std::size_t step = 1; step < text.size(); ++step) {
    alone one(rules);
    for (std::size_t from = 0; from < text.size(); from += step) one.it.write(text.substr(from, step));
    one.it.finish();
    same(one.it, reference_of(rules, text));
    CHECK(one.it.counters.long_lines == 2);
  }
}

TEST_CASE("a line that is a whole number of longest lines leaves no empty rest") {
  CHECK(framed(rules_of(framing::newline, 4), "aaaabbbb\nc\n") == lines{"aaaa", "bbbb", "c"});
  CHECK(framed(rules_of(framing::octet, 4), "8 aaaabbbb1 c") == lines{"aaaa", "bbbb", "c"});
}

TEST_CASE("a line without end is cut without being held") {
  const auto rules = rules_of(framing::newline, 64 * 1024);
  block_pool pool;
  read_memory memory(pool);
  struct counter final : batch_sink {
    void publish(batch&& all) override { lines += all.count.lines, bytes += all.count.bytes; }
    std::uint64_t lines = 0, bytes = 0;
  } out;
  input_counters counters;
  line_framer framer(memory, rules, std::make_shared<source>(), out, counters);
  constexpr std::uint64_t whole = 128 * 1024 * 1024;
  std::uint64_t most_carried = 0;
  for (std::uint64_t given = 0; given < whole;) {
    const auto space = framer.space(64 * 1024);
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(space.size(), whole - given));
    std::memset(space.data(), 'x', n);
    framer.commit(n, at(1));
    given += n;
    most_carried = std::max<std::uint64_t>(most_carried, memory.carry_bytes());
  }
  framer.finish(at(2));
  CHECK(out.bytes == whole + out.lines);
  CHECK(out.lines == whole / (64 * 1024));
  CHECK(counters.long_lines == 1);
  CHECK(most_carried < 256 * 1024);
}

TEST_CASE("what does not begin with a length is a line up to the newline, and frames go on behind it") {
  const auto text = "3 onenot a frame\n3 two\n 5 x\n012 y\n12345678901 z\n5x\n-1 a\n5 three"sv;
  const auto rules = rules_of(framing::octet);
  const auto found = framed(rules, text);
  CHECK(found == lines{"one", "not a frame", "two", "", " 5 x", "012 y", "12345678901 z", "5x", "-1 a", "three"});
  for (std::size_t step = 1; step < text.size(); ++step) {
    alone one(rules);
    for (std::size_t from = 0; from < text.size(); from += step) one.it.write(text.substr(from, step));
    one.it.finish();
    same(one.it, reference_of(rules, text));
    CHECK(one.it.counters.framing_errors == 7);
  }
}

TEST_CASE("a long line that is no frame is cut like any other") {
  const auto action = GENERATE(long_line_action::split, long_line_action::truncate, long_line_action::drop);
  const auto text = "xabcdefghijklm\n3 one<14>nopqrstuvw\n3 twoy0123456789"sv;
  const auto rules = rules_of(framing::octet, 5, action);
  for (std::size_t step = 1; step <= text.size(); ++step) {
    alone one(rules);
    for (std::size_t from = 0; from < text.size(); from += step) one.it.write(text.substr(from, step));
    one.it.finish();
    same(one.it, reference_of(rules, text));
  }
}

framing_rules detecting(std::uint32_t max_line = 1024 * 1024, long_line_action action = long_line_action::split) {
  return {framing::octet, true, max_line, action};
}

TEST_CASE("detecting framing tells each message's framing for itself") {
  const auto text = "10 <13>frame\n<13>line\n<13>nul\0\n7 <1>a\nb12 bottles of beer\n12 <bottles\n2 <3>x\n0 <3>x\n\n12345678901 <3>\n3 <3>8 <13>last1"sv;
  const auto found = framed(detecting(), text);
  CHECK(found == lines{"<13>frame\n", "<13>line", "<13>nul", "<1>a\nb1", "2 bottles of beer", "12 <bottles", "2 <3>x", "0 <3>x",
                       "12345678901 <3>", "<3>", "<13>last", "1"});
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); second += 7) {
      alone one(detecting());
      one.it.write(text.substr(0, first));
      one.it.write(text.substr(first, second - first));
      one.it.write(text.substr(second));
      one.it.finish();
      same(one.it, reference_of(detecting(), text));
    }
}

TEST_CASE("detecting framing never takes a line that begins with digits for a frame") {
  const auto text = "2026-11-22 a\n17 birds\n192.168.1.1 up\n5 < 6\n5 <three>\n5 <1234>\n3\n007 <7>\n42"sv;
  alone one(detecting());
  one.it.write(text);
  one.it.finish();
  CHECK(one.it.out.found() == lines{"2026-11-22 a", "17 birds", "192.168.1.1 up", "5 < 6", "5 <three>", "5 <1234>", "3", "007 <7>", "42"});
  CHECK(one.it.counters.framing_errors == 0);
  CHECK(one.it.out.batches.size() == 2);  // lines of one framing that follow each other are one run
}

TEST_CASE("detecting framing cuts what is too long and goes on behind it") {
  const auto action = GENERATE(long_line_action::split, long_line_action::truncate, long_line_action::drop);
  const auto text = "abcdefghijk\n13 <13>frames it5 <13>xabcdef\0\nok\n20 <13> broken off"sv;
  const auto rules = detecting(5, action);
  for (std::size_t step = 1; step <= text.size(); ++step)
    for (std::size_t end = 1; end <= text.size(); end += 3) {
      alone one(rules);
      for (std::size_t from = 0; from < end; from += step) one.it.write(text.substr(from, std::min(step, end - from)));
      one.it.finish();
      same(one.it, reference_of(rules, text.substr(0, end)));
    }
}

TEST_CASE("a stream may end anywhere in an octet frame") {
  const auto action = GENERATE(long_line_action::split, long_line_action::truncate, long_line_action::drop);
  const auto text = "3 one12 twelve bytesx\n4 four"sv;
  const auto rules = rules_of(framing::octet, 5, action);
  for (std::size_t end = 0; end <= text.size(); ++end) {
    alone one(rules);
    one.it.write(text.substr(0, end));
    one.it.finish();
    same(one.it, reference_of(rules, text.substr(0, end)));
  }
}

TEST_CASE("after its end a framer begins anew") {
  alone one(rules_of(framing::newline, 4, long_line_action::truncate));
  one.it.write("abcdefgh");
  one.it.finish();
  one.it.write("i\n");
  one.it.finish();
  CHECK(one.it.out.found() == lines{"abcd", "i"});

  alone other(rules_of(framing::octet, 4));
  other.it.write("9 abcdef");
  other.it.finish();
  other.it.write("2 ijk");
  other.it.finish();
  CHECK(other.it.out.found() == lines{"abcd", "ef", "ij", "k"});
}

// Several streams, each with its own reference, in random turns over one memory.
struct crowd {
  crowd(std::size_t size, const framing_rules& rules, std::size_t budget) : memory(pool, budget) {
    for (std::size_t i = 0; i < size; ++i) {
      streams.emplace_back(memory, rules);
      references.emplace_back(rules);
    }
  }
  void write(std::size_t who, std::string_view bytes) {
    streams[who].write(bytes);
    references[who].read(bytes);
  }
  void finish() {
    for (auto& each : streams) each.finish();
    for (auto& each : references) each.finish();
  }
  block_pool pool;
  read_memory memory;
  std::deque<stream> streams;
  std::deque<support::reference_framer> references;
};

// Text of the framing's own letters, with lines of all lengths up to a few times `longest`.
std::string random_text(framing frames, std::size_t size, std::size_t longest, std::minstd_rand& random) {
  std::string text;
  while (text.size() < size) {
    std::string line(random() % 3 == 0 ? random() % (3 * longest) : random() % std::max<std::size_t>(longest / 8, 2), '.');
    for (char& each : line) each = "ab \n\0\r1"[random() % 7];
    if (frames == framing::octet) {
      if (random() % 8 != 0) text += std::to_string(line.size()) + ' ';
      text += line;
      if (random() % 8 == 0) text += '\n';
    } else {
      text += line + (frames == framing::nul ? '\0' : '\n');
    }
  }
  return text;
}

#ifdef LOGRELAY_SANITIZED
constexpr int rounds = 1;
#else
constexpr int rounds = 4;
#endif

TEST_CASE("streams that share memory in random turns each get their own lines") {
  const auto frames = GENERATE(framing::newline, framing::nul, framing::octet);
  const auto action = GENERATE(long_line_action::split, long_line_action::truncate, long_line_action::drop);
  const auto max_line = GENERATE(1u, 7u, 100u, 20'000u);
  std::minstd_rand random(max_line * 10 + static_cast<unsigned>(frames));
  const auto rules = rules_of(frames, max_line, action);
  for (int round = 0; round < rounds; ++round) {
    crowd all(1 + random() % 5, rules, 64 * 1024 * 1024);
    std::vector<std::string> texts;
    std::vector<std::size_t> given(all.streams.size());
    for (std::size_t i = 0; i < all.streams.size(); ++i)
      texts.push_back(random_text(frames, max_line > 1000 ? 600'000 : 3'000, max_line, random));
    const std::size_t most = std::vector<std::size_t>{1, 40, 5'000, 70'000}[random() % 4];
    for (std::size_t left = all.streams.size(); left > 0;) {
      const std::size_t who = random() % all.streams.size();
      const std::size_t n = std::min<std::size_t>(1 + random() % most, texts[who].size() - given[who]);
      if (most == 1 && given[who] > 30'000) given[who] = texts[who].size();
      if (given[who] == texts[who].size()) {
        left = static_cast<std::size_t>(std::count_if(given.begin(), given.end(), [&](const auto& each) {
          return each < texts[static_cast<std::size_t>(&each - given.data())].size();
        }));
        continue;
      }
      all.write(who, std::string_view(texts[who]).substr(given[who], n));
      given[who] += n;
    }
    all.finish();
    for (std::size_t i = 0; i < all.streams.size(); ++i) same(all.streams[i], all.references[i]);
    CHECK(all.memory.carry_bytes() == 0);
  }
}

TEST_CASE("streams that share memory byte by byte each get their own lines") {
  crowd all(3, {}, 1024 * 1024);
  const std::vector<std::string> texts{"first one\nfirst two\n\nfirst end", "\n\nsecond\n", "third has one long line and no end"};
  for (std::size_t i = 0; i < 40; ++i)
    for (std::size_t who = 0; who < 3; ++who)
      if (i < texts[who].size()) all.write(who, std::string_view(texts[who]).substr(i, 1));
  all.finish();
  for (std::size_t i = 0; i < 3; ++i) same(all.streams[i], all.references[i]);
}

TEST_CASE("a stream with nothing unfinished holds no memory") {
  crowd all(3, {}, 1024 * 1024);
  all.write(0, "whole\n");
  all.write(1, "part");
  all.write(2, "whole\n");
  CHECK(all.memory.carry_bytes() == 5);  // and room for its terminator
  all.write(1, "s\n");
  all.write(0, "x\n");
  CHECK(all.memory.carry_bytes() == 0);
}

TEST_CASE("over the budget the longest unfinished line is cut and counted as long") {
  crowd all(4, {}, 1000);
  all.write(0, std::string(300, 'a'));
  all.write(1, std::string(400, 'b'));
  all.write(2, std::string(200, 'c'));
  CHECK(all.memory.carry_bytes() == 702);
  all.write(3, std::string(350, 'd'));
  all.write(2, "c");
  CHECK(all.memory.carry_bytes() <= 1000);
  CHECK(all.streams[1].out.found() == lines{std::string(400, 'b')});
  CHECK(all.streams[1].counters.long_lines == 1);
  all.write(1, "rest\nnext\n");
  CHECK(all.streams[1].out.found() == lines{std::string(400, 'b'), "rest", "next"});
  CHECK(all.streams[1].counters.long_lines == 1);
  for (const std::size_t who : {0, 2, 3}) CHECK(all.streams[who].out.found().empty());
}

TEST_CASE("a lone line may be nearly as long as the budget") {
  const auto rules = rules_of(framing::newline, 15 * 1024 * 1024);
  alone one(rules);
  const auto text = std::string(15 * 1024 * 1024, 'x') + "\nnext\n";
  for (std::size_t from = 0; from < text.size(); from += turn) one.it.write(std::string_view(text).substr(from, turn));
  one.it.finish();
  same(one.it, reference_of(rules, text));
}

TEST_CASE("a line that the budget cut at its very end leaves no empty line") {
  const auto frames = GENERATE(framing::newline, framing::nul);
  crowd all(2, rules_of(frames), 10);
  all.write(0, "a long line");
  all.write(1, "x");
  CHECK(all.streams[0].out.found() == lines{"a long line"});
  all.write(0, frames == framing::nul ? "\0next\0"sv : "\nnext\n"sv);
  CHECK(all.streams[0].out.found() == lines{"a long line", "next"});
}

TEST_CASE("a stream that the budget cuts while it asks for space goes on") {
  crowd all(3, {}, 100);
  all.write(0, std::string(60, 'a'));
  all.write(1, std::string(50, 'b'));  // 0 has left the open block
  all.write(0, "a\n");                 // 1 leaves it, over the budget: 0 itself is the longest
  all.finish();
  CHECK(all.streams[0].out.found() == lines{std::string(60, 'a'), "a"});
  CHECK(all.streams[1].out.found() == lines{std::string(50, 'b')});
}

TEST_CASE("octet frames are cut by the budget anywhere, even in their length") {
  for (const auto action : {long_line_action::split, long_line_action::truncate, long_line_action::drop})
    for (std::size_t cut = 1; cut < 14; ++cut) {
      crowd all(2, rules_of(framing::octet, 1000, action), 0);
      const auto text = "12 hello worldx3 end"s;
      all.write(0, text.substr(0, cut));
      all.write(1, "1");  // 0 leaves the open block and is cut
      all.write(0, text.substr(cut));
      CAPTURE(cut, static_cast<int>(action));
      const auto found = all.streams[0].out.found();
      if (cut <= 2) {  // nothing but digits: what follows cannot be told from a line without a length
        CHECK(all.streams[0].counters.framing_errors == 1);
        continue;
      }
      REQUIRE(!found.empty());
      CHECK(found.back() == "end");
      CHECK(std::none_of(found.begin(), found.end(), [](const auto& each) { return each.empty(); }));
      CHECK(all.streams[0].counters.framing_errors == 0);
      CHECK(all.streams[0].counters.long_lines == 1);
      if (action == long_line_action::split) {
        std::string joined;
        for (const auto& each : found) joined += each;
        CHECK(joined == "hello worldxend");
      }
    }
}

TEST_CASE("whatever the budget cuts, no byte of a split line is lost and the budget is kept") {
  const auto frames = GENERATE(framing::newline, framing::nul);
  const auto budget = GENERATE(0u, 30u, 500u, 20'000u);
  std::minstd_rand random(budget + static_cast<unsigned>(frames));
  crowd all(4, rules_of(frames, 9'000), budget);
  const char terminator = frames == framing::nul ? '\0' : '\n';
  std::vector<std::string> texts(4);
  for (int i = 0; i < 1'500; ++i) {
    const auto who = random() % 4;
    const auto text = random_text(frames, 1 + random() % 300, 60 + random() % 2000, random);
    const auto part = text.substr(0, 1 + random() % text.size());
    texts[who] += part;
    all.write(who, part);
    REQUIRE(all.memory.carry_bytes() <= budget);
  }
  all.finish();
  for (std::size_t who = 0; who < 4; ++who) {
    REQUIRE(all.streams[who].out.sound());
    std::string joined;
    for (const auto& each : all.streams[who].out.found()) joined += each;
    std::erase(texts[who], terminator);
    CHECK((joined == texts[who]));
    // A cut makes two lines of one, and never a line of nothing.
    const auto empty = [](const auto& found) { return std::count(found.begin(), found.end(), std::string()); };
    CHECK(empty(all.streams[who].out.found()) == empty(all.references[who].lines));
  }
}

TEST_CASE("a framer that goes away gives its memory back") {
  block_pool pool;
  read_memory memory(pool);
  {
    stream one(memory, {});
    stream two(memory, {});
    one.write("unfinished");
    two.write("unfinished too");
    CHECK(memory.carry_bytes() > 0);
  }
  CHECK(memory.carry_bytes() == 0);
  stream three(memory, {});
  three.write("fine\n");
  CHECK(three.out.found() == lines{"fine"});
}

TEST_CASE("what is discarded is no line, and what comes behind it is one again") {
  alone one(rules_of(framing::octet));
  one.it.write("3 one100 half");
  one.it.framer.discard();
  CHECK(one.it.framer.unfinished_bytes() == 0);
  one.it.write("3 two");
  one.it.finish();
  CHECK(one.it.out.found() == lines{"one", "two"});
  CHECK(one.it.counters.framing_errors == 0);
}

}  // namespace
}  // namespace logrelay
