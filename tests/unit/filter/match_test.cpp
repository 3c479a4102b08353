#include <logrelay/filter/match.hpp>

#include "chosen_by.hpp"

namespace logrelay {
namespace {

bool finds(std::string pattern, std::string text) {
  return chosen_by{{"match", std::move(pattern)}}.takes(std::move(text));
}

TEST_CASE("a match takes the lines in which it finds something") {
  const chosen_by errors{{"match", "err(or)?:"}};
  CHECK(errors.takes("disk error: full"));
  CHECK(errors.takes("err:"));
  CHECK_FALSE(errors.takes("errors"));
  CHECK_FALSE(errors.takes(""));
}

TEST_CASE("one of several matches is enough") {
  const chosen_by either{{"match", "a"}, {"match", "b"}};
  CHECK(either.takes("xa"));
  CHECK(either.takes("xb"));
  CHECK_FALSE(either.takes("xc"));
}

TEST_CASE("a reject leaves out what it finds, whatever matches") {
  const chosen_by chosen{{"match", "a"}, {"reject", "b"}, {"reject", "^c"}};
  CHECK(chosen.takes("a"));
  CHECK(chosen.takes("ac"));
  CHECK_FALSE(chosen.takes("ab"));
  CHECK_FALSE(chosen.takes("ca"));
  CHECK_FALSE(chosen.takes("x"));
}

TEST_CASE("rejects alone take everything else") {
  const chosen_by chosen{{"reject", "debug"}};
  CHECK(chosen.takes("info"));
  CHECK(chosen.takes(""));
  CHECK_FALSE(chosen.takes("a debug line"));
}

TEST_CASE("patterns look at the line as it came") {
  CHECK(finds("^<3>", "<3>x"));
  CHECK_FALSE(finds("^x", "<3>x"));
}

TEST_CASE("letters beyond ASCII are letters") {
  CHECK(finds("\xc3\xbc", "f\xc3\xbcr"));
  CHECK(finds("^.$", "\xc3\xbc"));
  CHECK(finds("(?i)\xc3\x9c", "\xc3\xbc"));
  CHECK(finds("[\xc3\xa4\xc3\xb6]", "sch\xc3\xb6n"));
  CHECK_FALSE(finds("[\xc3\xa4\xc3\xb6]", "f\xc3\xbcr"));
}

TEST_CASE("a byte that is no UTF-8 makes no match fail elsewhere in the line") {
  CHECK(finds("error", "\xff error"));
  CHECK(finds("^x.*error$", "x\xff\xfe error"));
  CHECK(finds("\xc3\xbc.*error", "f\xc3\xbcr \xc3 error"));
  CHECK(finds("a.c", "a\xff" "c"));
  CHECK(finds("a[^b]c", "a\xff" "c"));
}

TEST_CASE("NULs and newlines in a line are searched as any other byte") {
  CHECK(finds("b$", std::string("a\0b", 3)));
  CHECK(finds("second", "first\nsecond"));
}

TEST_CASE("level, match and reject all have to agree") {
  const chosen_by chosen{{"level", "err"}, {"match", "disk"}, {"reject", "sda"}};
  CHECK(chosen.takes("<3>disk sdb"));
  CHECK_FALSE(chosen.takes("<4>disk sdb"));
  CHECK_FALSE(chosen.takes("<3>net"));
  CHECK_FALSE(chosen.takes("<3>disk sda"));
}

TEST_CASE("an output without patterns has no filter to ask") { CHECK(chosen_by{}.filters() == 0); }

TEST_CASE("what is wrong with a regular expression is told in words") {
  CHECK(regex_mistake("err(or)?") == "");
  CHECK(regex_mistake("") == "");
  CHECK_THAT(regex_mistake("(abc"), Catch::Matchers::Contains("missing"));
  CHECK_FALSE(regex_mistake("(?=lookahead)").empty());
  CHECK_FALSE(regex_mistake("\xff").empty());
}

}  // namespace
}  // namespace logrelay
