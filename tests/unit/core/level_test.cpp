#include <catch2/catch.hpp>
#include <logrelay/core/level.hpp>
#include <logrelay/options.hpp>

#include <string>

using namespace logrelay;

TEST_CASE("every level is known by its own name", "[level]") {
  for (int number = 0; number < 8; ++number) {
    const auto severity = static_cast<level>(number);
    CHECK(parse_level(level_name(severity)) == severity);
  }
  CHECK(level_name(level::emerg) == "emerg");
  CHECK(level_name(level::debug) == "debug");
}

TEST_CASE("a level is known by its synonyms in any case", "[level]") {
  CHECK(parse_level("error") == level::err);
  CHECK(parse_level("warn") == level::warning);
  CHECK(parse_level("fatal") == level::crit);
  CHECK(parse_level("critical") == level::crit);
  CHECK(parse_level("trace") == level::debug);
  CHECK(parse_level("panic") == level::emerg);
  CHECK(parse_level("ERROR") == level::err);
  CHECK(parse_level("Warning") == level::warning);
}

TEST_CASE("a word that is no level is none", "[level]") {
  for (const char* word : {"", "e", "errors", "info ", "6", "none"}) CHECK_FALSE(parse_level(word));
}

TEST_CASE("the choices of an option are the levels and their synonyms", "[level]") {
  const option_row row = {"level", option_type::choice, "", "", level_choices};
  const auto names = choice_names(row);
  REQUIRE(names.size() == 8);
  for (std::size_t number = 0; number < 8; ++number) CHECK(names[number] == level_name(static_cast<level>(number)));
  for (const char* word : {"emerg", "panic", "fatal", "critical", "error", "warn", "trace"}) {
    mistakes wrong;
    const auto values = parse_options({{"level", word}}, std::array{option_rows(&row, 1)}, "output 'x'", wrong);
    CHECK(wrong.empty());
    CHECK(values.text("level") == level_name(*parse_level(word)));
  }
}
