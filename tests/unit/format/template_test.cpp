#include <catch2/catch.hpp>
#include <logrelay/format/template.hpp>
#include <unistd.h>

#include "line_of.hpp"

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

constexpr wall_time moment{1'795'356'301s + 123'456us};

std::vector<std::string> mistakes_in(std::string_view text) {
  mistakes wrong;
  template_format().check(text, "output 'a.log'", wrong);
  return wrong.texts();
}

std::string only_mistake_in(std::string_view text) {
  const auto all = mistakes_in(text);
  REQUIRE(all.size() == 1);
  return all.front();
}

std::string formatted(std::string_view text, const line_of& line) {
  REQUIRE(mistakes_in(text) == std::vector<std::string>());
  std::string to;
  template_format().make(text, {})->append(line.view(), to);
  return to;
}

TEST_CASE("a template is any text with an opening brace") {
  CHECK(template_format().matches("{line}"));
  CHECK(template_format().matches("x {"));
  CHECK_FALSE(template_format().matches("raw"));
  CHECK_FALSE(template_format().matches("}"));
}

TEST_CASE("names become what the line is") {
  const line_of line =
      line_of("<28>late").with_prefixes().of_stream("stdin").sent_by("192.0.2.1:514").read_at(moment);
  CHECK(formatted("{line}", line) == "<28>late");
  CHECK(formatted("{message}", line) == "late");
  CHECK(formatted("{time}", line) == "2026-11-22T14:05:01.123456Z");
  CHECK(formatted("{tai64n}", line) == "@400000006b02f697075bca00");
  CHECK(formatted("{input}/{stream}/{peer}", line) == "in/stdin/192.0.2.1:514");
  CHECK(formatted("{facility}.{level}", line) == "daemon.warning");
}

TEST_CASE("what is not known is a dash") {
  CHECK(formatted("{stream} {peer} {facility}", line_of("x")) == "- - -");
  CHECK(formatted("{level}", line_of("x").of_level(level::notice)) == "notice");
}

TEST_CASE("the host is ours") {
  char host[256] = {};
  REQUIRE(::gethostname(host, sizeof host - 1) == 0);
  CHECK(formatted("{host}", line_of("x")) == host);
}

TEST_CASE("names become what a message of syslog says") {
  const auto line = line_of("<165>1 2021-02-03T04:05:06.5Z web1 nginx 77 ID4 [a b=\"c\"] up").as_syslog().read_at(moment);
  CHECK(formatted("{host} {app} {pid} {msgid} {sd} {message}", line) == "web1 nginx 77 ID4 [a b=\"c\"] up");
  CHECK(formatted("{facility}.{level} {stamp}", line) == "local4.notice 2021-02-03T04:05:06.500000Z");
  CHECK(formatted("{time}", line) == "2026-11-22T14:05:01.123456Z");
  CHECK(formatted("{stamp:%s} {time:%s}", line) == "1612325106 1795356301");
  CHECK(formatted("{app} {pid} {msgid} {sd} {uid}", line_of("x").as_syslog()) == "- - - - -");
  CHECK(formatted("{stamp}", line_of("x").read_at(moment)) == "2026-11-22T14:05:01.123456Z");
  CHECK(formatted("{app} {pid} {uid}", line_of("x").sent_by_process(12, 34)) == "- 12 34");
}

TEST_CASE("a time takes a format of strftime") {
  CHECK(formatted("{time:%s} {line}", line_of("x").read_at(moment)) == "1795356301 x");
  CHECK(formatted("{time:%.s}|{time:a:b}", line_of("x").read_at(moment)) == "1795356301.123456|a:b");
  CHECK(formatted("{time:%s\\t%s}", line_of("x").read_at(moment)) == "1795356301\t1795356301");
}

TEST_CASE("doubled braces are braces") {
  CHECK(formatted("{{\"m\":\"{line}\"}}", line_of("x")) == "{\"m\":\"x\"}");
  CHECK(formatted("{{{line}}}", line_of("x")) == "{x}");
  CHECK(formatted("{{", line_of("x")) == "{");
}

TEST_CASE("escapes are newline, tabulator and backslash") {
  CHECK(formatted("{line}\\t\\\\n\\n", line_of("x")) == "x\t\\n\n");
}

TEST_CASE("a line's own braces and backslashes are left alone") {
  CHECK(formatted("{line}{message}", line_of("{time}\\n")) == "{time}\\n{time}\\n");
}

TEST_CASE("one format renders many lines behind each other") {
  const auto format = template_format().make("[{line}]", {});
  std::string to;
  for (const char* text : {"a", "", "b"}) format->append(line_of(text).view(), to);
  CHECK(to == "[a][][b]");
}

TEST_CASE("an unknown name is answered with the near ones") {
  CHECK_THAT(only_mistake_in("{mesage}"),
             Contains("output 'a.log'") && Contains("'{mesage}'") && Contains("unknown name 'mesage'") &&
                 Contains("did you mean 'message'"));
  CHECK_THAT(only_mistake_in("{xyzzyxyzzy}"), Contains("message") && Contains("tai64n"));
  CHECK_THAT(only_mistake_in("{}"), Contains("unknown name ''"));
  CHECK_THAT(only_mistake_in("{ line }"), Contains("unknown name ' line '"));
}

TEST_CASE("braces that stand alone are mistakes") {
  CHECK_THAT(only_mistake_in("{line"), Contains("without its '}'"));
  CHECK_THAT(only_mistake_in("{"), Contains("without its '}'"));
  CHECK_THAT(only_mistake_in("{line}}"), Contains("without its '{'"));
}

TEST_CASE("only a time takes a format, and one that gives some text") {
  CHECK_THAT(only_mistake_in("{host:%H}"), Contains("only 'time' and 'stamp' take a format"));
  CHECK_THAT(only_mistake_in("{time:}"), Contains("strftime"));
  CHECK_THAT(only_mistake_in("{time:%9999Y}"), Contains("strftime"));
  CHECK_THAT(only_mistake_in("{time:%H %Q}"), Contains("'{time:%H %Q}': strftime knows no '%Q': write a percent sign as %%"));
}

TEST_CASE("unknown escapes are mistakes") {
  CHECK_THAT(only_mistake_in("{line}\\q"), Contains("unknown escape '\\q'"));
  CHECK_THAT(only_mistake_in("{line}\\"), Contains("unknown escape '\\'"));
}

TEST_CASE("all mistakes of a template are told at once") {
  CHECK(mistakes_in("{lin} \\q {tim} } {").size() == 5);
}

TEST_CASE("a template with a mistake can be made all the same") {
  CHECK(template_format().make("{nothing} {", {}) != nullptr);
}

}  // namespace
}  // namespace logrelay
