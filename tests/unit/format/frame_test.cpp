#include <catch2/catch.hpp>
#include <logrelay/format/frame.hpp>

#include <string>

namespace logrelay {
namespace {

using namespace std::string_literals;

std::string framed(std::string_view message, framing frames) {
  std::string to = "before ";
  append_framed(message, frames, to);
  REQUIRE(to.starts_with("before "));
  return to.substr(7);
}

TEST_CASE("where newlines frame, one inside is written as an escape") {
  CHECK(framed("plain", framing::newline) == "plain\n");
  CHECK(framed("", framing::newline) == "\n");
  CHECK(framed("a\n\nb", framing::newline) == "a\\n\\nb\n");
  CHECK(framed("\na", framing::newline) == "\\na\n");
  CHECK(framed("a\0\\n\r\xff"s, framing::newline) == "a\0\\n\r\xff\n"s);
}

TEST_CASE("where newlines frame, the one at a message's end is the line's") {
  CHECK(framed("\n", framing::newline) == "\n");
  CHECK(framed("a\n", framing::newline) == "a\n");
  CHECK(framed("a\nb\n", framing::newline) == "a\\nb\n");
  CHECK(framed("a\n\n", framing::newline) == "a\\n\n");
  CHECK(framed("a\n", framing::octet) == "2 a\n");
  CHECK(framed("a\n", framing::nul) == "a\n\0"s);
}

TEST_CASE("where NULs frame, one inside is written as an escape") {
  CHECK(framed("plain\n", framing::nul) == "plain\n\0"s);
  CHECK(framed("a\0b\0"s, framing::nul) == "a\\x00b\\x00\0"s);
}

TEST_CASE("octet framing counts and takes every byte as it is") {
  CHECK(framed("hello world", framing::octet) == "11 hello world");
  CHECK(framed("", framing::octet) == "0 ");
  CHECK(framed("a\n\0"s, framing::octet) == "3 a\n\0"s);
}

TEST_CASE("a cursor reads back the one line that was framed") {
  for (const framing frames : {framing::newline, framing::nul, framing::octet}) {
    for (const std::string& message : {""s, "x"s, "two words"s, std::string(100'000, 'x')}) {
      const std::string bytes = framed(message, frames);
      line_cursor cursor(bytes, frames);
      std::string_view line;
      REQUIRE(cursor.next(line));
      CHECK(line == message);
      CHECK_FALSE(cursor.next(line));
    }
  }
}

}  // namespace
}  // namespace logrelay
