// What is found in lines that are JSON objects.
#include <catch2/catch.hpp>
#include <logrelay/core/level.hpp>
#include <logrelay/decode/json.hpp>
#include <logrelay/util/clock.hpp>

#include <array>

#include "local_zone.hpp"

namespace logrelay {
namespace {

using namespace std::chrono_literals;

struct decoded {
  explicit decoded(std::string text) : line(std::move(text)) { decode_json(line, found, unescaped); }
  std::string line, unescaped;
  record found{};
};

constexpr wall_time moment{1'795'356'301s};  // 2026-11-22T14:05:01Z

TEST_CASE("an object's members are a record's fields") {
  const decoded one(R"({"time":"2026-11-22T14:05:01Z","level":"Warn","facility":"daemon","host":"web1","app":"shop","pid":77,)"
                    R"("msgid":"ID4","message":"it is up"})");
  CHECK(one.found.time == moment);
  CHECK(one.found.severity == static_cast<int>(level::warning));
  CHECK(one.found.facility == 3);
  CHECK(one.found.host == "web1");
  CHECK(one.found.app == "shop");
  CHECK(one.found.pid == "77");
  CHECK(one.found.msgid == "ID4");
  CHECK(one.found.message == "it is up");
  CHECK(one.unescaped.capacity() == std::string().capacity());
}

TEST_CASE("the names that others give their members are understood, and the first of a kind is taken") {
  CHECK(decoded(R"({"msg":"a","message":"b"})").found.message == "a");
  CHECK(decoded(R"({"log.level":"error","level":"info"})").found.severity == static_cast<int>(level::err));
  CHECK(decoded(R"({"hostname":"h","program":"p","@timestamp":"2026-11-22T15:05:01+01:00","short_message":"s"})").found.time == moment);
}

TEST_CASE("levels are names, numbers of syslog, or the tens of pino") {
  const auto severity = [](const char* level) { return decoded(std::string(R"({"level":)") + level + R"(,"msg":"m"})").found.severity; };
  CHECK(severity("3") == 3);
  CHECK(severity("0") == 0);
  CHECK(severity("10") == 7);
  CHECK(severity("30") == 6);
  CHECK(severity("40") == 4);
  CHECK(severity("50") == 3);
  CHECK(severity("60") == 2);
  CHECK(severity("\"ERROR\"") == 3);
  for (const char* none : {"-1", "8", "70", "1e300", "0e36370", "\"loud\"", "null", "true", "{\"level\":3}", "[3]"}) {
    CAPTURE(none);
    CHECK(severity(none) == -1);
  }
}

TEST_CASE("a time is text or a number whose size tells its unit") {
  const auto time = [](const char* given) { return decoded(std::string(R"({"ts":)") + given + "}").found.time; };
  CHECK(time("1795356301") == moment);
  CHECK(time("1795356301.25") == moment + 250ms);
  CHECK(time("1795356301250") == moment + 250ms);
  CHECK(time("1795356301250000") == moment + 250ms);
  CHECK(time("1795356301250000000") == moment + 250ms);
  for (const char* none : {"-1", "20000000000", "1e300", "\"yesterday\"", "\"2026-11-22T14:05:01Z \"", "null"}) {
    CAPTURE(none);
    CHECK_FALSE(time(none));
  }
}

TEST_CASE("a time without a zone is local time") {
  const local_zone zone("CET-1");
  CHECK(decoded(R"({"time":"2026-11-22T15:05:01"})").found.time == moment);
}

TEST_CASE("strings are taken without their escapes") {
  const decoded one(R"({"m\u0073g":"a\nb \"\u00e9\" \ud83d\ude00","host":"pl\u0061in","other":"\t\t","app":"as it stands"})");
  CHECK(one.found.message == "a\nb \"\xC3\xA9\" \xF0\x9F\x98\x80");
  CHECK(one.found.host == "plain");
  CHECK(one.found.app == "as it stands");
}

TEST_CASE("bytes that are not UTF-8 stay in a message") {
  CHECK(decoded("{\"msg\":\"\xFF\xFE\"}").found.message == "\xFF\xFE");
}

TEST_CASE("what lies deeper is no field") {
  const decoded one(R"({"a":{"msg":"no","host":"no"},"b":[{"msg":"no"},"no"],"msg":"yes"})");
  CHECK(one.found.message == "yes");
  CHECK(one.found.host.empty());
}

TEST_CASE("an object without a message is its own message") {
  const decoded one(R"({"level":"err","user":"ann"})");
  CHECK(one.found.severity == 3);
  CHECK(one.found.message == one.line);
}

TEST_CASE("a line that is no object is message and nothing else") {
  for (const char* text : {"", "plain", "{", R"({"msg":"cut)", R"({"msg":"a"} more)", R"([{"msg":"a"}])", R"("msg")", "7", R"({"msg":"\x"})",
                           R"({"level":3,"msg":"a",})"}) {
    CAPTURE(text);
    const decoded one(text);
    CHECK(one.found.message == one.line);
    CHECK(one.found.severity == -1);
  }
  const decoded deep(std::string(100'000, '['));
  CHECK(deep.found.message.size() == deep.line.size());
}

TEST_CASE("space around an object is nothing") {
  CHECK(decoded(" {\"msg\":\"a\"}\r").found.message == "a");
}

}  // namespace
}  // namespace logrelay
