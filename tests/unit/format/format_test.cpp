#include <catch2/catch.hpp>

#include "line_of.hpp"

namespace logrelay {
namespace {

struct decoded {
  level severity;
  int facility;
  std::string message;
  bool operator==(const decoded&) const = default;
};

decoded decode(const line_of& line) {
  const line_view view = line.view();
  return {view.severity(), view.facility(), std::string(view.message())};
}

decoded decode(std::string text) { return decode(line_of(std::move(text)).with_prefixes()); }

/// Of an input whose lines have the level notice where they say nothing else.
bool is_no_prefix(const std::string& text) {
  return decode(line_of(text).with_prefixes().of_level(level::notice)) == decoded{level::notice, -1, text};
}

TEST_CASE("a priority gives facility and severity and is no part of the message") {
  CHECK(decode("<34>su: failed") == decoded{level::crit, 4, "su: failed"});
  CHECK(decode("<8>x") == decoded{level::emerg, 1, "x"});
  CHECK(decode("<191>x") == decoded{level::debug, 23, "x"});
  CHECK(decode("<13>") == decoded{level::notice, 1, ""});
}

TEST_CASE("a priority of sd-daemon has a severity and no facility") {
  CHECK(decode("<3>disk full") == decoded{level::err, -1, "disk full"});
  CHECK(decode("<0>x") == decoded{level::emerg, -1, "x"});
  CHECK(decode("<7>x") == decoded{level::debug, -1, "x"});
}

TEST_CASE("what only looks like a priority is text") {
  for (const char* text : {"", "<", "<>", "<3", "<34", "<192>x", "<1000>x", "<99999999999999999999>x", "<-1>x", "<3 >x",
                           "< 3>x", "<03>x", "<00>x", "<a>x", " <3>x", "x<3>", "3>x", "<3]x", "<<3>x"}) {
    CAPTURE(text);
    CHECK(is_no_prefix(text));
  }
}

TEST_CASE("without prefixes a line has its input's level and is its own message") {
  CHECK(decode(line_of("<3>x")) == decoded{level::info, -1, "<3>x"});
  CHECK(decode(line_of("<3>x").of_level(level::alert)) == decoded{level::alert, -1, "<3>x"});
}

TEST_CASE("the line itself keeps its priority") {
  const line_of line = line_of("<3>x").with_prefixes();
  const line_view view = line.view();
  CHECK(view.message() == "x");
  CHECK(view.line() == "<3>x");
}

}  // namespace
}  // namespace logrelay
