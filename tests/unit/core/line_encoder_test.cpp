#include <catch2/catch.hpp>
#include <logrelay/core/line_encoder.hpp>

#include <cstring>
#include <string>
#include <vector>

namespace logrelay {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

class without_x final : public filter {
 public:
  bool passes(const line_view& line) override { return line.line().find('x') == std::string_view::npos; }
};

class fixed final : public format {
 public:
  explicit fixed(std::string text) : text_(std::move(text)) {}
  void append(const line_view& line, std::string& to) override { to += text_.empty() ? "<" + std::string(line.line()) + ">" : text_; }

 private:
  std::string text_;
};

encoding_rules framed_by(std::optional<framing> frames) { return {frames, false, nullptr, nullptr, {}}; }

encoding_rules without_lines_with_x() {
  auto rules = framed_by(framing::newline);
  rules.filters.push_back(std::make_unique<without_x>());
  return rules;
}

batch batch_of(std::string_view text, framing frames = framing::newline, bool marker = false) {
  static block_pool pool;
  auto memory = pool.take(std::max<std::size_t>(text.size(), 1));
  std::memcpy(memory->data(), text.data(), text.size());
  return {memory, memory->data(), static_cast<std::uint32_t>(text.size()), frames, marker,
          marker ? tally{} : count_lines(text, frames), {}, std::make_shared<source>()};
}

std::vector<wire_chunk> chunks_of(encoding_rules rules, batch lines) {
  line_encoder encoder(std::move(rules));
  std::vector<wire_chunk> all;
  while (lines.size > 0) all.push_back(encoder.encode(lines));
  return all;
}

wire_chunk one_chunk(encoding_rules rules, batch lines) {
  auto all = chunks_of(std::move(rules), std::move(lines));
  REQUIRE(all.size() == 1);
  return std::move(all[0]);
}

TEST_CASE("lines that need nothing are written as they lie, without a copy") {
  const auto frames = GENERATE(framing::newline, framing::nul, framing::octet);
  const auto lines = batch_of(frames == framing::octet ? "3 one0 3 two"sv : frames == framing::nul ? "one\0\0two\0"sv : "one\n\ntwo\n"sv, frames);
  const auto chunk = one_chunk(framed_by(frames), lines);
  CHECK_FALSE(chunk.built);
  CHECK(chunk.bytes().data() == lines.data);
  CHECK(chunk.bytes().size() == lines.size);
}

TEST_CASE("lines are framed anew where the wire wants another framing") {
  CHECK(one_chunk(framed_by(framing::octet), batch_of("one\n\ntwo\n")).wire == "3 one0 3 two");
  CHECK(one_chunk(framed_by(framing::newline), batch_of("3 a\nb1 c", framing::octet)).wire == "a\\nb\nc\n");
  CHECK(one_chunk(framed_by(framing::nul), batch_of("a\nb\n")).wire == "a\0b\0"s);
  CHECK(one_chunk(framed_by(std::nullopt), batch_of("a\n\nb\n")).wire == "a\n\nb\n");
}

TEST_CASE("each built line knows where it ends, on the wire and at the source") {
  const auto chunk = one_chunk(framed_by(framing::octet), batch_of("one\n\ntwo\n"));
  REQUIRE(chunk.marks.size() == 3);
  CHECK(chunk.marks[0].wire_end == 5);
  CHECK(chunk.marks[0].source_end == 4);
  CHECK(chunk.marks[1].wire_end == 7);
  CHECK(chunk.marks[1].source_end == 5);
  CHECK(chunk.marks[1].line_bytes == 1);
  CHECK(chunk.marks[2].source_end == 9);
}

TEST_CASE("lines that are left out are counted with the next one that is not") {
  const auto chunk = one_chunk(without_lines_with_x(), batch_of("x\nax\none\nxx\ntwo\nx\n"));
  CHECK(chunk.wire == "one\ntwo\n");
  REQUIRE(chunk.marks.size() == 2);
  CHECK(chunk.marks[0].filtered_lines == 2);
  CHECK(chunk.marks[0].filtered_bytes == 5);
  CHECK(chunk.marks[1].filtered_lines == 1);
  CHECK(chunk.marks[1].source_end == 16);  // the last one has none behind it
  CHECK(chunk.lines.size == 18);
}

TEST_CASE("a notice passes every filter and is no line of the source") {
  const auto chunk = one_chunk(without_lines_with_x(), batch_of("logrelay: dropped x\n", framing::newline, true));
  CHECK_FALSE(chunk.built);
  const auto built = one_chunk(framed_by(framing::octet), batch_of("logrelay: dropped x\n", framing::newline, true));
  CHECK(built.wire == "19 logrelay: dropped x");
  REQUIRE(built.marks.size() == 1);
  CHECK(built.marks[0].line_bytes == 0);
}

TEST_CASE("the prefix and the body are put together") {
  auto rules = framed_by(framing::newline);
  rules.prefix = std::make_unique<fixed>("now ");
  CHECK(one_chunk(std::move(rules), batch_of("one\ntwo\n")).wire == "now one\nnow two\n");
  rules = framed_by(framing::octet);
  rules.prefix = std::make_unique<fixed>("now ");
  rules.body = std::make_unique<fixed>("");
  CHECK(one_chunk(std::move(rules), batch_of("one\n")).wire == "9 now <one>");
}

TEST_CASE("escape sequences are gone before filters look, and count as bytes of the line") {
  auto rules = without_lines_with_x();
  rules.strip_ansi = true;
  const auto chunk = one_chunk(std::move(rules), batch_of("\x1b]0;x\x07plain\n\x1b[31mred\x1b[0m\nx\n"));
  CHECK(chunk.wire == "plain\nred\n");
  REQUIRE(chunk.marks.size() == 2);
  CHECK(chunk.marks[1].line_bytes == 13);
}

TEST_CASE("much is built in several chunks that lose nothing") {
  std::string text, expected;
  for (int i = 0; i < 20'000; ++i) {
    const auto line = std::to_string(i) + (i % 3 == 0 ? "x" : "");
    text += line + "\n";
    if (i % 3 != 0) expected += line + "\n";
  }
  auto rules = without_lines_with_x();
  rules.prefix = std::make_unique<fixed>("a rather long prefix ");
  const auto chunks = chunks_of(std::move(rules), batch_of(text));
  CHECK(chunks.size() > 3);
  std::string wire;
  std::size_t source_bytes = 0;
  tally count;
  for (const auto& each : chunks) {
    wire += each.wire;
    source_bytes += each.lines.size;
    count += each.lines.count;
    CHECK(each.lines.count == count_lines(each.lines.bytes(), framing::newline));
    CHECK(each.wire.size() < 65 * 1024);
  }
  CHECK(source_bytes == text.size());
  CHECK(count.lines == 20'000);
  for (std::size_t at = 0; (at = wire.find("a rather long prefix ", at)) != std::string::npos;) wire.erase(at, 21);
  CHECK(wire == expected);
}

}  // namespace
}  // namespace logrelay
