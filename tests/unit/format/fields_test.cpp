// What the formats with fields make of a line.
#include <catch2/catch.hpp>
#include <logrelay/format/record_values.hpp>
#include <logrelay/format/registry.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "../decode/local_zone.hpp"
#include "line_of.hpp"

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr wall_time moment{1'795'356'301s + 123'456us};  // 2026-11-22T14:05:01Z

option_values options_of(const given_options& given, std::vector<std::string>* told = nullptr) {
  mistakes wrong;
  auto options = parse_options(given, std::array{record_rows()}, "output 'out'", wrong);
  check_record_options(options, "output 'out'", wrong);
  if (told)
    *told = wrong.texts();
  else
    REQUIRE(wrong.texts() == std::vector<std::string>());
  return options;
}

std::string formatted(std::string_view name, const line_of& line, const given_options& given = {}) {
  const auto kinds = standard_formats();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& each) { return each.matches(name); });
  REQUIRE(kind != kinds.end());
  const auto made = kind->make(name, options_of(given));
  std::string to;
  made->append(line.view(), to);
  return to;
}

std::string this_host() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

line_of syslog_line() {
  return line_of(R"(<165>1 2021-02-03T04:05:06.5Z web1 nginx 77 ID4 [a@1 b="c\"d" e=""][f] it is up)").as_syslog().read_at(moment).sent_by("192.0.2.1:514");
}

std::vector<std::string> mistakes_in(const given_options& given) {
  std::vector<std::string> told;
  (void)options_of(given, &told);
  return told;
}

TEST_CASE("RFC 5424 is written as it was read") {
  CHECK(formatted("rfc5424", syslog_line()) == R"(<165>1 2021-02-03T04:05:06.500000Z web1 nginx 77 ID4 [a@1 b="c\"d" e=""][f] it is up)");
}

TEST_CASE("RFC 5424 has dashes for what is not known and no space before no message") {
  CHECK(formatted("rfc5424", line_of("x").read_at(moment)) == "<14>1 2026-11-22T14:05:01.123456Z " + this_host() + " - - - - x");
  CHECK(formatted("rfc5424", line_of("").read_at(moment)) == "<14>1 2026-11-22T14:05:01.123456Z " + this_host() + " - - - -");
  CHECK(formatted("rfc5424", line_of("<3>x").with_prefixes().read_at(moment).sent_by_process(7, 8)) ==
        "<11>1 2026-11-22T14:05:01.123456Z " + this_host() + " - 7 - - x");
}

TEST_CASE("options say it better than the line and static fields are structured data") {
  CHECK(formatted("rfc5424", syslog_line(),
                  {{"facility", "local0"}, {"severity", "err"}, {"host", "h"}, {"app", "a"}, {"pid", "p"}, {"msgid", "m"},
                   {"sd", "[x y=\"z\"]"}, {"field", "dc:eu]1"}, {"field", "env:"}}) ==
        R"(<131>1 2021-02-03T04:05:06.500000Z h a p m [a@1 b="c\"d" e=""][f][x y="z"][fields@32473 dc="eu\]1" env=""] it is up)");
}

TEST_CASE("an id of structured data stands once however many relays add fields") {
  const auto line = line_of(R"(<13>1 - h a - - [fields@32473 env="a" dc="eu"] x)").as_syslog().read_at(moment);
  const given_options ours{{"field", "env:b"}, {"field", "rack:7"}, {"sd", R"([fields@32473 dc="us"])"}};
  CHECK(formatted("rfc5424", line, ours) ==
        R"(<13>1 2026-11-22T14:05:01.123456Z h a - - [fields@32473 dc="us" env="b" rack="7"] x)");
  const given_options sd{{"sd", R"([fields@32473 env="b"])"}};
  CHECK(formatted("json", line, sd).find(R"("sd":{"fields@32473":{"dc":"eu","env":"b"}},)") != std::string::npos);
  CHECK(formatted("gelf", line, sd).find(R"(,"_fields_32473_dc":"eu","_fields_32473_env":"b","_input")") != std::string::npos);
  CHECK(formatted("logfmt", line, sd).find(R"( fields@32473.dc=eu fields@32473.env=b input=)") != std::string::npos);
}

TEST_CASE("the header of syslog takes printable ASCII of a length only") {
  const auto line = line_of("m").read_at(moment);
  CHECK(formatted("rfc5424", line, {{"host", "a b\xc3\xa4"}, {"app", std::string(60, 'x')}, {"msgid", std::string(40, 'y')}}) ==
        "<14>1 2026-11-22T14:05:01.123456Z a_b__ " + std::string(48, 'x') + " - " + std::string(32, 'y') + " - m");
}

TEST_CASE("RFC 3164 has local time and always a tag") {
  const local_zone zone("UTC-1");
  CHECK(formatted("rfc3164", syslog_line()) == "<165>Feb  3 05:05:06 web1 nginx[77]: it is up");
  CHECK(formatted("rfc3164", line_of("x").read_at(moment), {{"app", "a:[b"}, {"pid", "1]2"}, {"host", "h"}}) ==
        "<14>Nov 22 15:05:01 h a__b[1_2]: x");
  CHECK(formatted("rfc3164", line_of("").read_at(moment), {{"host", "h"}}) == "<14>Nov 22 15:05:01 h -:");
}

TEST_CASE("the host of a line that names none is its sender's or ours") {
  CHECK(formatted("rfc3164", line_of("x").sent_by("[2001:db8::1]:514")).find(" 2001:db8::1 -: x") != std::string::npos);
  CHECK(formatted("rfc3164", line_of("x").sent_by("192.0.2.1:514")).find(" 192.0.2.1 -: x") != std::string::npos);
  CHECK(formatted("rfc3164", line_of("x")).find(" " + this_host() + " -: x") != std::string::npos);
}

TEST_CASE("JSON is one object with what is known in this order") {
  CHECK(formatted("json", syslog_line()) ==
        R"({"time":"2021-02-03T04:05:06.500000Z","level":"notice","facility":"local4","host":"web1","app":"nginx","pid":"77",)"
        R"("msgid":"ID4","sd":{"a@1":{"b":"c\"d","e":""},"f":{}},"input":"in","peer":"192.0.2.1:514","message":"it is up"})");
  CHECK(formatted("json", line_of("x\ny\t\"\\\x01\xff").read_at(moment).of_stream("stdin").sent_by_process(3, 0), {{"host", "h"}, {"field", "a:b:c"}}) ==
        R"({"time":"2026-11-22T14:05:01.123456Z","level":"info","host":"h","pid":"3","input":"in","stream":"stdin","uid":"0","a":"b:c",)"
        R"("message":"x\ny\t\"\\\u0001)" "\xef\xbf\xbd" R"("})");
}

TEST_CASE("JSON takes the structured data of the line and of the option") {
  const auto parsed = nlohmann::json::parse(formatted("json", syslog_line(), {{"sd", "[x y=\"z\"][w]"}}));
  CHECK(parsed["sd"].dump() == R"({"a@1":{"b":"c\"d","e":""},"f":{},"w":{},"x":{"y":"z"}})");
  const auto only_ours = nlohmann::json::parse(formatted("json", line_of("x"), {{"sd", "[x y=\"z\"]"}}));
  CHECK(only_ours["sd"].dump() == R"({"x":{"y":"z"}})");
}

TEST_CASE("GELF has a short message always and a full one where there are more lines") {
  const auto parsed = nlohmann::json::parse(formatted("gelf", syslog_line(), {{"field", "dc:eu"}}));
  CHECK(parsed["version"] == "1.1");
  CHECK(parsed["host"] == "web1");
  CHECK(parsed["short_message"] == "it is up");
  CHECK_FALSE(parsed.contains("full_message"));
  CHECK(parsed["timestamp"].dump() == "1612325106.5");
  CHECK(parsed["level"] == 5);
  CHECK(parsed["_facility"] == "local4");
  CHECK(parsed["_app"] == "nginx");
  CHECK(parsed["_a_1_b"] == "c\"d");
  CHECK(parsed["_dc"] == "eu");
  const auto lines = nlohmann::json::parse(formatted("gelf", line_of("one\ntwo")));
  CHECK(lines["short_message"] == "one");
  CHECK(lines["full_message"] == "one\ntwo");
  CHECK(nlohmann::json::parse(formatted("gelf", line_of("")))["short_message"] == "-");
}

TEST_CASE("logfmt quotes what would not be one word") {
  CHECK(formatted("logfmt", syslog_line(), {{"field", "dc:eu"}}) ==
        R"(time=2021-02-03T04:05:06.500000Z level=notice facility=local4 host=web1 app=nginx pid=77 msgid=ID4 a@1.b="c\"d" a@1.e="" )"
        R"(input=in peer=192.0.2.1:514 dc=eu message="it is up")");
  CHECK(formatted("logfmt", line_of("up").read_at(moment), {{"host", "h"}}).ends_with(" host=h input=in message=up"));
  CHECK(formatted("logfmt", line_of("a=b").read_at(moment), {{"host", "h"}}).ends_with(R"( message="a=b")"));
  CHECK(formatted("logfmt", line_of("a\nb").read_at(moment), {{"host", "h"}}).ends_with(R"( message="a\nb")"));
}

TEST_CASE("every format with fields writes one line of UTF-8 whatever the message") {
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  for (const std::string name : {"json", "gelf", "logfmt"}) {
    CAPTURE(name);
    const auto text = formatted(name, line_of(every));
    CHECK(text.find('\n') == std::string::npos);
    if (name != "logfmt") CHECK(nlohmann::json::accept(text));
  }
}

TEST_CASE("structured data and fields that are none are mistakes") {
  CHECK(mistakes_in({{"sd", "[x y=z]"}}) ==
        std::vector<std::string>{"output 'out': 'sd=[x y=z]' is no structured data: write it like [id@1 name=\"value\"]"});
  for (const std::string& field : {"x"s, ":x"s, "a b:x"s, "a=:x"s, std::string(33, 'a') + ":x"}) {
    CAPTURE(field);
    REQUIRE(mistakes_in({{"field", field}}).size() == 1);
    CHECK(mistakes_in({{"field", field}})[0].find("' is no field: write it like NAME:VALUE") != std::string::npos);
  }
  for (const std::string field : {"host:x", "message:x", "id:1"}) {
    CAPTURE(field);
    REQUIRE(mistakes_in({{"field", field}}).size() == 1);
    CHECK(mistakes_in({{"field", field}})[0].find("would stand in the place of another") != std::string::npos);
  }
}

}  // namespace
}  // namespace logrelay
