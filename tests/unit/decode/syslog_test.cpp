#include <catch2/catch.hpp>
#include <logrelay/decode/syslog.hpp>
#include <logrelay/format/time_text.hpp>

#include <fmt/format.h>

#include "local_zone.hpp"

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr wall_time moment{1'795'356'301s};  // 2026-11-22T14:05:01Z

/// "facility.severity time host app pid msgid sd|message", what is not known as "-".
std::string decoded(std::string_view line, bool local = false) {
  const local_zone zone("UTC0");
  record found;
  found.message = line;
  decode_syslog(line, moment, local, found);
  const auto or_dash = [](std::string_view text) { return text.empty() ? std::string_view("-") : text; };
  std::string time = "-";
  if (found.time) {
    time.clear();
    rfc3339_text().append(*found.time, time);
    time = time.substr(5, 14);
  }
  return fmt::format("{}.{} {} {} {} {} {} {}|{}", found.facility, found.severity, time, or_dash(found.host), or_dash(found.app),
                     or_dash(found.pid), or_dash(found.msgid), or_dash(found.sd), found.message);
}
std::string decoded_locally(std::string_view line) { return decoded(line, true); }

TEST_CASE("a message of RFC 5424 has all of its fields") {
  CHECK(decoded("<165>1 2026-11-22T14:05:01.003Z mymachine.example.com evntslog 111 ID47 [exampleSDID@32473 iut=\"3\"][x] An app") ==
        "20.5 11-22T14:05:01 mymachine.example.com evntslog 111 ID47 [exampleSDID@32473 iut=\"3\"][x]|An app");
  CHECK(decoded("<34>1 2026-11-22T14:05:01Z h su - ID47 - \xEF\xBB\xBF'su root' failed") == "4.2 11-22T14:05:01 h su - ID47 -|'su root' failed");
  CHECK(decoded("<0>1 - - - - - -") == "0.0 - - - - - -|");
  CHECK(decoded("<0>1 - - - - - - ") == "0.0 - - - - - -|");
  CHECK(decoded("<13>1 - h a p m [x y=\"]\"]") == "1.5 - h a p m [x y=\"]\"]|");
}

TEST_CASE("malformed structured data is message") {
  CHECK(decoded("<13>1 - h a p m [x y=z] text") == "1.5 - h a p m -|[x y=z] text");
  CHECK(decoded("<13>1 - h a p m -text") == "1.5 - h a p m -|-text");
  CHECK(decoded("<13>1 - h a p m text") == "1.5 - h a p m -|text");
}

TEST_CASE("a header of RFC 5424 that is malformed is message") {
  for (const std::string text : {"1 ", "1 - ", "1 - h a p", "1 - h a p m", "1 yesterday h a p m - x", "1 - h  a p m - x", "2 - h a p m - x",
                                 "1 2026-11-22T14:05:01.003Zx h a p m - x", "1 2026-11-22T14:05:01+0100 h a p m - x",
                                 "1 2026-11-22T14:05:01.1234567890Z h a p m - x"}) {
    CAPTURE(text);
    CHECK(decoded("<13>" + text) == "1.5 - - - - - -|" + text);
  }
}

TEST_CASE("a message of RFC 3164 has time host and tag") {
  CHECK(decoded("<34>Nov 22 14:05:01 mymachine su: 'su root' failed") == "4.2 11-22T14:05:01 mymachine su - - -|'su root' failed");
  CHECK(decoded("<30>Nov  2 14:05:01 10.0.0.9 sshd(pam_unix)[19939]: check pass") ==
        "3.6 11-02T14:05:01 10.0.0.9 sshd(pam_unix) 19939 - -|check pass");
  CHECK(decoded("<30>Nov 22 14:05:01 fe80::1 app[1] text") == "3.6 11-22T14:05:01 fe80::1 app 1 - -|text");
  CHECK(decoded("<13>Nov 22 14:05:01 h Use the BFG!") == "1.5 11-22T14:05:01 h - - - -|Use the BFG!");
  CHECK(decoded("<13>Nov 22 14:05:01 h app:") == "1.5 11-22T14:05:01 h app - - -|");
  CHECK(decoded("<13>Nov 22 14:05:01 h app:  two") == "1.5 11-22T14:05:01 h app - - -| two");
  CHECK(decoded("<13>Nov 22 14:05:01 h kernel: [12.5] x") == "1.5 11-22T14:05:01 h kernel - - -|[12.5] x");
}

TEST_CASE("each part of RFC 3164 may be missing") {
  CHECK(decoded("<13>app[7]: x") == "1.5 - - app 7 - -|x");
  CHECK(decoded("<13>hello world: x") == "1.5 - - - - - -|hello world: x");
  CHECK(decoded("<13>") == "1.5 - - - - - -|");
  CHECK(decoded("") == "-1.-1 - - - - - -|");
  CHECK(decoded("plain text") == "-1.-1 - - - - - -|plain text");
  CHECK(decoded("<999>plain text") == "-1.-1 - - - - - -|<999>plain text");
  CHECK(decoded("Nov 22 14:05:01 h app: x") == "-1.-1 11-22T14:05:01 h app - - -|x");
  CHECK(decoded("<13>Nov 22 14:05:01 app[7]: x") == "1.5 11-22T14:05:01 - app 7 - -|x");
  CHECK(decoded("<13>Nov 22 14:05:01 app: x: y") == "1.5 11-22T14:05:01 - app - - -|x: y");
  CHECK(decoded("<13>Nov 22 14:05:01") == "1.5 11-22T14:05:01 - - - - -|");
  CHECK(decoded("<13>Nov 22 14:05:01 word") == "1.5 11-22T14:05:01 - - - - -|word");
  CHECK(decoded("<13>Nov 22 14:05:01, x") == "1.5 - - - - - -|Nov 22 14:05:01, x");
}

TEST_CASE("the time of RFC 3164 may be one of RFC 3339") {
  CHECK(decoded("<13>2026-11-22T15:05:01.5+01:00 h app[1]: x") == "1.5 11-22T14:05:01 h app 1 - -|x");
  CHECK(decoded("<13>2026-11-22T14:05:01 h app: x") == "1.5 11-22T14:05:01 h app - - -|x");
  CHECK(decoded("<13>2026-11-22 14:05:01 h app: x") == "1.5 11-22T14:05:01 h app - - -|x");
  CHECK(decoded("<13>2026-11-22 15:05:01,123+0100 h app[1]: x") == "1.5 11-22T14:05:01 h app 1 - -|x");
  CHECK(decoded("<13>2026-11-22 15:05:01 +0100 h app[1]: x") == "1.5 11-22T14:05:01 h app 1 - -|x");
  CHECK(decoded("<13>2026-11-22t14:05:01z h text") == "1.5 11-22T14:05:01 h - - - -|text");
  CHECK(decoded("2026-11-22 14:05:01 status installed") == "-1.-1 11-22T14:05:01 - - - - -|status installed");
  CHECK(decoded("<13>2026 was a good year") == "1.5 - - - - - -|2026 was a good year");
}

TEST_CASE("what Cisco sends is understood") {
  CHECK(decoded("<189>123: Nov 22 14:05:01.123: %SYS-5-CONFIG_I: Configured") == "23.5 11-22T14:05:01 - %SYS-5-CONFIG_I - - -|Configured");
  CHECK(decoded("<189>45: router1: *Mar  1 00:00:01.123 UTC: %LINK-3-UPDOWN: x") ==
        "23.5 03-01T00:00:01 router1 %LINK-3-UPDOWN - - -|x");
  CHECK(decoded("<189>45: 10.1.1.1: 000123: Nov 22 14:05:01: %SYS-5-X: y") == "23.5 11-22T14:05:01 10.1.1.1 %SYS-5-X - - -|y");
  CHECK(decoded("<189>: 2026 Nov 22 14:05:01 UTC: %ETHPORT-5-IF_UP: up") == "23.5 11-22T14:05:01 - %ETHPORT-5-IF_UP - - -|up");
  CHECK(decoded("<166>Nov 22 2026 14:05:01 fw1 : %ASA-6-302013: Built") == "20.6 11-22T14:05:01 fw1 %ASA-6-302013 - - -|Built");
  CHECK(decoded("<166>Nov 22 2026 14:05:01: %ASA-6-302013: Built") == "20.6 11-22T14:05:01 - %ASA-6-302013 - - -|Built");
  CHECK(decoded("<166>%ASA-6-302013: Built") == "20.6 - - %ASA-6-302013 - - -|Built");
  CHECK(decoded("<13>12: no time follows: x") == "1.5 - - - - - -|12: no time follows: x");
}

TEST_CASE("what Cisco sends without a time is understood") {
  for (const std::string front : {"", "123: ", "29: 00:00:46: ", "29: 1w2d: ", "29: 1y15w: ", "00:00:46: ", ": ", "29: 000031: 1w2d: "}) {
    CAPTURE(front);
    CHECK(decoded("<189>" + front + "%LINK-3-UPDOWN: x: y") == "23.5 - - %LINK-3-UPDOWN - - -|x: y");
  }
  CHECK(decoded("<189>29: router1: 1w2d: %CARD-SEVERITY-1-NAME: x") == "23.5 - router1 %CARD-SEVERITY-1-NAME - - -|x");
  for (const std::string text : {"1w2d: x", "1w2d: %done: x", "1w2d: %a b-3-c: x", "1w2d", "00:00:46: x", "%LINK-3-UPDOWN"}) {
    CAPTURE(text);
    CHECK(decoded("<189>29: " + text) == "23.5 - - - - - -|29: " + text);
  }
}

TEST_CASE("what IOS-XR sends is understood") {
  CHECK(decoded("<189>123: RP/0/RSP0/CPU0:Nov 22 14:05:01.123 : config[65687]: %MGBL-CONFIG-6-DB_COMMIT : Configuration committed") ==
        "23.5 11-22T14:05:01 - config 65687 - -|%MGBL-CONFIG-6-DB_COMMIT : Configuration committed");
  CHECK(decoded("<189>123: RP/0/RSP0/CPU0:Nov 22 14:05:01.123 UTC: ifmgr[1]: x") == "23.5 11-22T14:05:01 - ifmgr 1 - -|x");
  CHECK(decoded("<189>123: 0/RP0/CPU0:Nov 22 14:05:01.123 UTC: ifmgr[1]: x") == "23.5 11-22T14:05:01 - ifmgr 1 - -|x");
  CHECK(decoded("<189>123: xr1 RP/0/RSP0/CPU0:Nov 22 14:05:01.123 : x") == "23.5 - - - - - -|123: xr1 RP/0/RSP0/CPU0:Nov 22 14:05:01.123 : x");
}

TEST_CASE("a space may stand between the priority and the time") {
  CHECK(decoded("<13> Nov 22 14:05:01 h app: x") == "1.5 11-22T14:05:01 h app - - -|x");
  CHECK(decoded("<13> 2026-11-22T14:05:01Z h app: x") == "1.5 11-22T14:05:01 h app - - -|x");
  CHECK(decoded("<13> app: x") == "1.5 - - - - - -| app: x");
  CHECK(decoded("<13>  Nov 22 14:05:01 x") == "1.5 - - - - - -|  Nov 22 14:05:01 x");
}

TEST_CASE("a tag may have no space behind it") {
  CHECK(decoded("<13>Nov 22 14:05:01 h app:message x") == "1.5 11-22T14:05:01 h app - - -|message x");
  CHECK(decoded("<13>Nov 22 14:05:01 app:message") == "1.5 11-22T14:05:01 - app - - -|message");
  CHECK(decoded("<13>Nov 22 14:05:01 h app[12]:message") == "1.5 11-22T14:05:01 h app 12 - -|message");
  CHECK(decoded("<13>my-app.2/x:message") == "1.5 - - my-app.2/x - - -|message");
  CHECK(decoded("app:message") == "-1.-1 - - - - - -|app:message");
  CHECK(decoded_locally("<13>Nov 22 14:05:01 app:message x") == "1.5 11-22T14:05:01 - app - - -|message x");
  for (const std::string text : {"http://x", "std::string", "c:\\\\x", "c:x", "{\"a\":1}", "12:x", "a,b:x", "app[x y]:z", "word", "word\n:x"}) {
    CAPTURE(text);
    CHECK(decoded("<13>" + text) == "1.5 - - - - - -|" + text);
  }
  CHECK(decoded("<13>" + std::string(48, 'a') + ":x") == "1.5 - - " + std::string(48, 'a') + " - - -|x");
  CHECK(decoded("<13>" + std::string(49, 'a') + ":x") == "1.5 - - - - - -|" + std::string(49, 'a') + ":x");
}

TEST_CASE("an address with colons is a host") {
  for (const std::string host : {"fe80::1", "fe80::1%eth0", "::1", "[2001:db8::1]:514", "::ffff:10.0.0.9", "web1:514"}) {
    CAPTURE(host);
    CHECK(decoded("<13>Nov 22 14:05:01 " + host + " app: x") == "1.5 11-22T14:05:01 " + host + " app - - -|x");
  }
}

TEST_CASE("what speaks of other messages is no host") {
  CHECK(decoded("<13>Nov 22 14:05:01 Message forwarded from web1: app[7]: x") == "1.5 11-22T14:05:01 web1 app 7 - -|x");
  CHECK(decoded("<13>Nov 22 14:05:01 Message forwarded from web1: x") == "1.5 11-22T14:05:01 web1 - - - -|x");
  CHECK(decoded("<13>Nov 22 14:05:01 Message forwarded from the top") == "1.5 11-22T14:05:01 - - - - -|Message forwarded from the top");
  CHECK(decoded("<13>Nov 22 14:05:01 last message repeated 2 times") == "1.5 11-22T14:05:01 - - - - -|last message repeated 2 times");
  CHECK(decoded("<13>Nov 22 14:05:01 h last message repeated 2 times") == "1.5 11-22T14:05:01 h - - - -|last message repeated 2 times");
}

TEST_CASE("a local message has no host unless a tag follows one") {
  CHECK(decoded_locally("<13>Nov 22 14:05:01 app: x") == "1.5 11-22T14:05:01 - app - - -|x");
  CHECK(decoded_locally("<13>Nov 22 14:05:01 hello world") == "1.5 11-22T14:05:01 - - - - -|hello world");
  CHECK(decoded_locally("<13>Nov 22 14:05:01 web1 app: x") == "1.5 11-22T14:05:01 web1 app - - -|x");
}

TEST_CASE("a NUL at the end is no part of the message but one within is") {
  CHECK(decoded("<14>text\0"s) == "1.6 - - - - - -|text");
  CHECK(decoded("<14>text\n") == "1.6 - - - - - -|text");
  CHECK(decoded("<14>text\n\0"s) == "1.6 - - - - - -|text");
  CHECK(decoded("<14>a\0b"s) == "1.6 - - - - - -|a\0b"s);
  CHECK(decoded("\0"s) == "-1.-1 - - - - - -|");
}

TEST_CASE("a message keeps its lines") {
  CHECK(decoded("<13>1 - h a p m - one\n two") == "1.5 - h a p m -|one\n two");
  CHECK(decoded("<13>Nov 22 14:05:01 h app: one\n two") == "1.5 11-22T14:05:01 h app - - -|one\n two");
}

}  // namespace
}  // namespace logrelay
