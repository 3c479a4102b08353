#include <catch2/catch.hpp>
#include <logrelay/format/ansi.hpp>

#include <string>

namespace logrelay {
namespace {

std::string stripped(std::string_view line) {
  std::string to;
  append_without_ansi(line, to);
  return to;
}

TEST_CASE("a line without escapes stays as it is") {
  CHECK(stripped("") == "");
  CHECK(stripped("[31m is no colour") == "[31m is no colour");
  CHECK(stripped("\xc2\x9b" "31m \xff\t\r\a") == "\xc2\x9b" "31m \xff\t\r\a");
}

TEST_CASE("what is already there stays") {
  std::string to = "\x1b[1mkept ";
  append_without_ansi("\x1b[1mx", to);
  CHECK(to == "\x1b[1mkept x");
}

TEST_CASE("colours and cursor movements go") {
  CHECK(stripped("\x1b[31mred\x1b[0m") == "red");
  CHECK(stripped("a\x1b[mb\x1b[Kc\x1b[?25hd") == "abcd");
  CHECK(stripped("\x1b[38;2;255;255;255;48:2::255:255:255;1;3;4mx") == "x");
  CHECK(stripped("a\x1b[2 qb") == "ab");
}

TEST_CASE("titles and hyperlinks go, whichever byte ends them") {
  CHECK(stripped("\x1b]0;title\alog") == "log");
  CHECK(stripped("\x1b]0;title\x1b\\log") == "log");
  CHECK(stripped("\x1b]8;;https://example.com/\x1b\\link\x1b]8;;\x1b\\") == "link");
  CHECK(stripped("a\x1bPsixel\x1b\\b\x1bXs\x1b\\c\x1b^p\x1b\\d\x1b_a\x1b\\e") == "abcde");
}

TEST_CASE("a bell ends no string but an OSC") { CHECK(stripped("\x1bPa\ab\x1b\\c") == "c"); }

TEST_CASE("character sets and two-byte escapes go") {
  CHECK(stripped("a\x1b(Bb\x1b)0c\x1b%Gd") == "abcd");
  CHECK(stripped("a\x1b" "7b\x1b=c\x1b" "cd\x1b\\e") == "abcde");
}

TEST_CASE("an escape before anything else goes alone") {
  CHECK(stripped("a\x1b") == "a");
  CHECK(stripped("a\x1b\x1b[1mb") == "ab");
  CHECK(stripped("a\x1b\tb") == "a\tb");
  CHECK(stripped("a\x1b\xc3\xbc") == "a\xc3\xbc");
}

TEST_CASE("a colour that breaks off takes no text with it") {
  CHECK(stripped("a\x1b[") == "a");
  CHECK(stripped("a\x1b[38;2;1") == "a");
  CHECK(stripped("a\x1b[31\xc3\xbc") == "a\xc3\xbc");
  CHECK(stripped("a\x1b[31\tb") == "a\tb");
  CHECK(stripped("a\x1b[1\x1b[0mb") == "ab");
}

TEST_CASE("numbers beyond any real colour are text") {
  const std::string numbers(1000, '7');
  CHECK(stripped("a\x1b[" + numbers + "m") == "a" + numbers + "m");
}

TEST_CASE("a string without its end loses only its introducer") {
  CHECK(stripped("a\x1bPimportant") == "aimportant");
  CHECK(stripped("a\x1b]important") == "aimportant");
  CHECK(stripped("a\x1b]0;title\x1b[1mb") == "a0;titleb");
  CHECK(stripped("a\x1b]0;" + std::string(300, 'x')) == "a0;" + std::string(300, 'x'));
}

TEST_CASE("a short title that the line's end cuts off goes") {
  CHECK(stripped("a\x1b]0;tit") == "a");
  CHECK(stripped("a\x1b]0;title\x1b") == "a");
  CHECK(stripped("a\x1b]0") == "a0");
}

TEST_CASE("a million broken strings take linear time") {
  std::string line;
  for (int n = 0; n < 1'000'000; ++n) line += "\x1b]";
  CHECK(stripped(line) == "");
}

}  // namespace
}  // namespace logrelay
