#include <catch2/catch.hpp>
#include <logrelay/core/batch.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {
namespace {

using namespace std::string_view_literals;
using lines = std::vector<std::string_view>;

lines walked(std::string_view bytes, framing frames) {
  lines found;
  line_cursor cursor(bytes, frames);
  for (std::string_view line; cursor.next(line);) found.push_back(line);
  return found;
}

std::vector<std::size_t> line_ends(std::string_view bytes, framing frames) {
  std::vector<std::size_t> ends;
  line_cursor cursor(bytes, frames);
  for (std::string_view line; cursor.next(line);) ends.push_back(cursor.offset());
  return ends;
}

batch batch_of(std::string_view bytes, framing frames = framing::newline) {
  batch made;
  made.data = bytes.data();
  made.size = static_cast<std::uint32_t>(bytes.size());
  made.frames = frames;
  made.count = count_lines(bytes, frames);
  return made;
}

TEST_CASE("newlines and NULs end lines, and empty lines are lines") {
  CHECK(walked("one\n\ntwo\n", framing::newline) == lines{"one", "", "two"});
  CHECK(walked("one\0a\nb\0\0"sv, framing::nul) == lines{"one", "a\nb", ""});
  CHECK(walked("a\0b\r\n"sv, framing::newline) == lines{"a\0b\r"sv});
}

TEST_CASE("octet framing gives the length of each line before it") {
  CHECK(walked("11 hello world3 a\nb0 ", framing::octet) == lines{"hello world", "a\nb", ""});
}

TEST_CASE("nothing has no lines") {
  for (const framing frames : {framing::newline, framing::nul, framing::octet}) {
    CHECK(walked({}, frames).empty());
    CHECK(count_lines({}, frames) == tally{});
    CHECK(line_end_from({}, frames, 0) == 0);
    CHECK(line_end_before({}, frames, 0) == 0);
    CHECK(line_end_before({}, frames, 7) == 0);
  }
}

TEST_CASE("a broken frame becomes one line instead of an endless walk") {
  CHECK(walked("no newline", framing::newline) == lines{"no newline"});
  CHECK(walked("x1 a", framing::octet) == lines{"x1 a"});
  CHECK(walked("12", framing::octet) == lines{"12"});
  CHECK(walked("9 short", framing::octet) == lines{"short"});
  CHECK(walked("-1 a", framing::octet) == lines{"-1 a"});
  CHECK(walked("99999999999999999999999 a", framing::octet) == lines{"99999999999999999999999 a"});
}

TEST_CASE("the cursor stands behind the frame that it gave last") {
  CHECK(line_ends("ab\n\nc\n", framing::newline) == std::vector<std::size_t>{3, 4, 6});
  CHECK(line_ends("2 ab0 1 c", framing::octet) == std::vector<std::size_t>{4, 6, 9});
}

TEST_CASE("each line counts with one terminator, whatever framed it") {
  CHECK(count_lines("one\n\ntwo\n", framing::newline) == tally{3, 9});
  CHECK(count_lines("one\0\0two\0"sv, framing::nul) == tally{3, 9});
  CHECK(count_lines("3 one0 3 two", framing::octet) == tally{3, 9});
}

TEST_CASE("a line end is found from and before any offset in every framing") {
  const auto [bytes, frames] = GENERATE(table<std::string_view, framing>({
      {"ab\n\nlonger line\nc\n"sv, framing::newline},
      {"ab\0\0longer\nline\0c\0"sv, framing::nul},
      {"2 ab0 11 longer line1 c"sv, framing::octet},
  }));
  const std::vector<std::size_t> ends = line_ends(bytes, frames);
  for (std::size_t offset = 0; offset <= bytes.size() + 2; ++offset) {
    std::size_t from = bytes.size();
    std::size_t before = 0;
    for (const std::size_t end : ends) {
      if (end >= offset) from = std::min(from, end);
      if (end <= offset) before = end;
    }
    CAPTURE(offset);
    CHECK(line_end_from(bytes, frames, offset) == from);
    CHECK(line_end_before(bytes, frames, offset) == before);
  }
}

TEST_CASE("the front of a batch takes its share and leaves the rest") {
  const auto from = std::make_shared<source>();
  const wall_time time{std::chrono::seconds(5)};
  const auto [bytes, frames] = GENERATE(table<std::string_view, framing>({
      {"ab\n\nlonger line\nc\n"sv, framing::newline},
      {"2 ab0 11 longer line1 c"sv, framing::octet},
  }));
  for (const std::size_t end : line_ends(bytes, frames)) {
    batch rest = batch_of(bytes, frames);
    rest.from = from;
    rest.time = time;
    const tally all = rest.count;
    const batch front = split_front(rest, end);

    CHECK(front.bytes() == bytes.substr(0, end));
    CHECK(rest.bytes() == bytes.substr(end));
    CHECK(front.count == count_lines(front.bytes(), frames));
    CHECK(rest.count == count_lines(rest.bytes(), frames));
    CHECK(front.count + rest.count == all);
    for (const batch* part : {&front, static_cast<const batch*>(&rest)}) {
      CHECK(part->from == from);
      CHECK(part->time == time);
      CHECK(part->frames == frames);
    }
  }
}

TEST_CASE("splitting a notice of ours counts neither half") {
  batch rest = batch_of("one\ntwo\n");
  rest.marker = true;
  rest.count = {};
  const batch front = split_front(rest, 4);
  CHECK(front.marker);
  CHECK(front.count == tally{});
  CHECK(rest.count == tally{});
}

}  // namespace
}  // namespace logrelay
