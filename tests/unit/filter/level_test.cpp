#include "chosen_by.hpp"

namespace logrelay {
namespace {

TEST_CASE("a level takes lines of this severity or worse") {
  const chosen_by warning{{"level", "warning"}};
  CHECK(warning.takes("<0>x"));
  CHECK(warning.takes("<4>x"));
  CHECK_FALSE(warning.takes("<5>x"));
  CHECK(warning.takes("<28>daemon.warning"));
  CHECK_FALSE(warning.takes("<29>daemon.notice"));
}

TEST_CASE("a line that carries no level has that of its input") {
  const chosen_by warning{{"level", "warning"}};
  CHECK_FALSE(warning.takes("x"));
  CHECK(warning.takes(line_of("x").of_level(level::err)));
  CHECK_FALSE(warning.takes(line_of("<3>x").of_level(level::info)));
}

TEST_CASE("every level and every synonym of one is understood") {
  const auto [name, number] = GENERATE(table<std::string, int>({
      {"emerg", 0}, {"panic", 0}, {"alert", 1}, {"crit", 2}, {"critical", 2}, {"fatal", 2}, {"err", 3}, {"error", 3},
      {"warning", 4}, {"warn", 4}, {"notice", 5}, {"info", 6}, {"debug", 7}, {"trace", 7},
  }));
  const chosen_by chosen{{"level", name}};
  for (int severity = 0; severity < 8; ++severity) {
    CAPTURE(name, severity);
    CHECK(chosen.takes("<" + std::to_string(severity) + ">x") == (severity <= number));
  }
}

TEST_CASE("an output without a level, and one that takes all, have no filter to ask") {
  CHECK(chosen_by{}.filters() == 0);
  CHECK(chosen_by{{"level", "debug"}}.filters() == 0);
}

}  // namespace
}  // namespace logrelay
