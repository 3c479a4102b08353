#include <catch2/catch.hpp>
#include <logrelay/options.hpp>

#include <array>
#include <stdexcept>

using namespace logrelay;
using namespace std::chrono_literals;
using texts = std::vector<std::string>;

namespace {

constexpr option_row rows[] = {
    {"append", option_type::yes_no, "yes", "Append."},
    {"queue", option_type::size, "64M", "Memory."},
    {"max-line", option_type::size, "1M", "Longest line.", "", false, "1", "1G"},
    {"stall-after", option_type::duration, "2s", "Patience.", "", false, "10ms"},
    {"keep", option_type::count, "", "Files."},
    {"name", option_type::text, "", "Name."},
    {"from", option_type::text, "", "Inputs.", "", true},
    {"level", option_type::choice, "info", "Level.", "err=error|warning=warn|info|debug=trace"},
    {"match", option_type::regex, "", "Lines.", "", true},
    {"mode", option_type::mode, "0640", "Permissions."},
};

/// What parse_options makes of options that belong to "output 'x'".
struct parsed {
  mistakes wrong;
  option_values values;
};
parsed parse(const given_options& given) {
  parsed it;
  it.values = parse_options(given, std::array{option_rows(rows)}, "output 'x'", it.wrong);
  return it;
}

texts wrong_with(const given_options& given) { return parse(given).wrong.texts(); }

}  // namespace

TEST_CASE("an option that is not given has its default", "[options]") {
  const parsed it = parse({});
  CHECK(it.wrong.empty());
  CHECK(it.values.yes("append"));
  CHECK(it.values.size("queue") == 64u << 20);
  CHECK(it.values.duration("stall-after") == 2s);
  CHECK(it.values.text("level") == "info");
  CHECK(it.values.mode("mode") == 0640);
  CHECK_FALSE(it.values.given("queue"));
  CHECK(it.values.has("queue"));
}

TEST_CASE("an option without a default is empty until it is given", "[options]") {
  const parsed it = parse({});
  CHECK_FALSE(it.values.has("name"));
  CHECK(it.values.text("name").empty());
  CHECK(it.values.count("keep") == 0);
  CHECK(it.values.all("from").empty());
}

TEST_CASE("what is given replaces the default", "[options]") {
  const parsed it = parse(
      {{"append", "no"}, {"queue", "1K"}, {"stall-after", "1h30m"}, {"keep", "7"}, {"name", "a b"}, {"mode", "600"}});
  CHECK(it.wrong.empty());
  CHECK_FALSE(it.values.yes("append"));
  CHECK(it.values.size("queue") == 1024);
  CHECK(it.values.duration("stall-after") == 90min);
  CHECK(it.values.count("keep") == 7);
  CHECK(it.values.text("name") == "a b");
  CHECK(it.values.mode("mode") == 0600);
  CHECK(it.values.given("queue"));
}

TEST_CASE("a choice becomes its first synonym whatever its case", "[options]") {
  CHECK(parse({{"level", "warn"}}).values.text("level") == "warning");
  CHECK(parse({{"level", "ERROR"}}).values.text("level") == "err");
  CHECK(parse({{"level", "info"}}).values.text("level") == "info");
}

TEST_CASE("yes and no have the synonyms that people write", "[options]") {
  for (const char* text : {"yes", "true", "on", "1", "YES"}) CHECK(parse({{"append", text}}).values.yes("append"));
  for (const char* text : {"no", "false", "off", "0", "No"})
    CHECK_FALSE(parse({{"append", text}}).values.yes("append"));
}

TEST_CASE("a repeatable option keeps all values in order", "[options]") {
  const parsed it = parse({{"from", "b"}, {"match", "x{1,3}"}, {"from", "a"}, {"match", "y"}});
  CHECK(it.wrong.empty());
  CHECK(it.values.all("from") == texts{"b", "a"});
  CHECK(it.values.all("match") == texts{"x{1,3}", "y"});
}

TEST_CASE("an option that may come once is refused the second time", "[options]") {
  CHECK(wrong_with({{"keep", "1"}, {"keep", "1"}}) == texts{"output 'x': option 'keep' is given twice"});
}

TEST_CASE("an unknown option is answered with the near ones", "[options]") {
  CHECK(wrong_with({{"quue", "1"}}) == texts{"output 'x': unknown option 'quue' (did you mean 'queue'?)"});
  CHECK(wrong_with({{"zzz", "1"}}) == texts{"output 'x': unknown option 'zzz'"});
}

TEST_CASE("a wrong value is told with the way to write it", "[options]") {
  const auto why = [](std::string name, std::string value) {
    return wrong_with({{std::move(name), std::move(value)}});
  };
  CHECK(why("queue", "12Q") == texts{"output 'x': 'queue=12Q' is no size: write it like 512, 64K, 64M or 1G"});
  CHECK(why("stall-after", "5") ==
        texts{"output 'x': 'stall-after=5' is no time: write it like 500ms, 10s, 5m, 1h or 7d"});
  CHECK(why("keep", "-1") == texts{"output 'x': 'keep=-1' is no whole number: write it like 0 or 10"});
  CHECK(why("append", "ja") == texts{"output 'x': 'append=ja' is neither yes nor no"});
  CHECK(why("name", "") == texts{"output 'x': 'name=' is empty: write a value behind the '='"});
  CHECK(why("level", "wrn") ==
        texts{"output 'x': 'level=wrn' is unknown (did you mean 'warn'?): write err, warning, info or debug"});
  CHECK(why("level", "") == texts{"output 'x': 'level=' is unknown: write err, warning, info or debug"});
  CHECK(why("match", "a(") == texts{"output 'x': 'match=a(' is no regular expression: missing ): a("});
  for (const char* mode : {"", "0648", "rw", "77777", "000640", "-1"})
    CHECK(why("mode", mode) ==
          texts{"output 'x': 'mode=" + std::string(mode) + "' is no file mode: write it in octal, like 0640"});
}

TEST_CASE("a value out of its row's bounds is refused", "[options]") {
  CHECK(wrong_with({{"max-line", "1"}}).empty());
  CHECK(wrong_with({{"max-line", "1G"}}).empty());
  CHECK(wrong_with({{"max-line", "0"}}) == texts{"output 'x': 'max-line=0' is too little: write at least 1"});
  CHECK(wrong_with({{"max-line", "1073741825"}}) ==
        texts{"output 'x': 'max-line=1073741825' is too much: write at most 1G"});
  CHECK(wrong_with({{"stall-after", "9ms"}}) ==
        texts{"output 'x': 'stall-after=9ms' is too little: write at least 10ms"});
}

TEST_CASE("all mistakes are told and the defaults stand in for them", "[options]") {
  const parsed it = parse({{"queue", "x"}, {"zzz", "1"}, {"keep", "x"}, {"level", "debug"}});
  CHECK(it.wrong.texts().size() == 3);
  CHECK(it.values.size("queue") == 64u << 20);
  CHECK(it.values.text("level") == "debug");
}

TEST_CASE("an option of the program itself is written with its dashes", "[options]") {
  mistakes wrong;
  (void)parse_options({{"keep", "x"}, {"queue", "1"}, {"queue", "1"}}, std::array{option_rows(rows)}, "", wrong);
  CHECK(wrong.texts() ==
        texts{"'--keep=x' is no whole number: write it like 0 or 10", "option '--queue' is given twice"});
}

TEST_CASE("a row in a later table replaces the earlier one", "[options]") {
  static constexpr option_row later[] = {{"queue", option_type::size, "1K", "Little memory."},
                                         {"size", option_type::size, "", "More."}};
  mistakes wrong;
  const auto values =
      parse_options({{"size", "2K"}}, std::array{option_rows(rows), option_rows(later)}, "output 'x'", wrong);
  CHECK(wrong.empty());
  CHECK(values.size("queue") == 1024);
  CHECK(values.size("size") == 2048);
  CHECK(values.yes("append"));
}

TEST_CASE("asking for what no row has is a mistake of ours", "[options]") {
  const parsed it = parse({});
  CHECK_THROWS_AS(it.values.size("quue"), std::logic_error);
  CHECK_THROWS_AS(it.values.given("quue"), std::logic_error);
  CHECK_THROWS_AS(it.values.size("keep"), std::logic_error);
  CHECK_THROWS_AS(it.values.text("queue"), std::logic_error);
  CHECK_THROWS_AS(it.values.all("name"), std::logic_error);
}

TEST_CASE("a default that its own row refuses is a mistake of ours", "[options]") {
  static constexpr option_row broken[] = {{"queue", option_type::size, "lots", "Memory."}};
  mistakes wrong;
  CHECK_THROWS_AS(parse_options({}, std::array{option_rows(broken)}, "output 'x'", wrong), std::logic_error);
}
