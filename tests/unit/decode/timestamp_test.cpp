#include <catch2/catch.hpp>
#include <logrelay/decode/timestamp.hpp>
#include <logrelay/format/time_text.hpp>

#include <ctime>

#include "local_zone.hpp"

namespace logrelay {
namespace {

using namespace std::chrono_literals;

constexpr wall_time moment{1'795'356'301s};  // 2026-11-22T14:05:01Z

std::string text_of(const timestamp& read) {
  if (read.size == 0) return "none";
  std::string text;
  rfc3339_text().append(read.time, text);
  return text;
}
std::string iso(std::string_view text) { return text_of(read_rfc3339(text)); }
std::string loose(std::string_view text) { return text_of(read_iso_time(text)); }
std::string bsd(std::string_view text, wall_time near = moment) { return text_of(read_rfc3164_time(text, near)); }

TEST_CASE("a time of RFC 3339 is read with its fraction and its zone") {
  CHECK(iso("2026-11-22T14:05:01Z") == "2026-11-22T14:05:01.000000Z");
  CHECK(iso("2026-11-22T14:05:01.5Z") == "2026-11-22T14:05:01.500000Z");
  CHECK(iso("2026-11-22T14:05:01.000003-08:00") == "2026-11-22T22:05:01.000003Z");
  CHECK(iso("2026-01-01T00:30:00.123456789+05:45") == "2025-12-31T18:45:00.123456Z");
  CHECK(iso("2024-02-29T23:59:60Z") == "2024-03-01T00:00:00.000000Z");
  CHECK(read_rfc3339("2026-11-22T14:05:01.5+01:00 host").size == 27);
}

TEST_CASE("what is no time of RFC 3339 is none") {
  for (const char* text : {"", "2", "2026-11-22", "2026-11-22 14:05:01Z", "2026-11-22T14:05:01", "2026-02-30T14:05:01Z",
                           "2026-13-01T14:05:01Z", "2026-11-22T24:00:00Z", "2026-11-22T14:60:01Z", "2026-11-22T14:05:61Z",
                           "2026-11-22T14:05:01.Z", "2026-11-22T14:05:01.1234567890Z", "2026-11-22T14:05:01+24:00",
                           "2026-11-22T14:05:01+01:60", "2026-11-22T14:05:01+0100", "2026-1-22T14:05:01Z", "0000-01-01T00:00:00Z",
                           "2026-11-22T14:05:01z", "2026-11-22t14:05:01Z", "2026-11-22T14:05:01,5Z", "9999-12-31T23:59:59Z", "-026-11-22T14:05:01Z"}) {
    CAPTURE(text);
    CHECK(iso(text) == "none");
  }
}

TEST_CASE("such a time is also read as programs write it") {
  const local_zone zone("UTC0");
  for (const char* text : {"2026-11-22T14:05:01.5Z", "2026-11-22 14:05:01.5Z", "2026-11-22t14:05:01.5z", "2026-11-22 14:05:01,5 h",
                           "2026-11-22T15:05:01,500+0100", "2026-11-22T14:05:01.5-0000", "2026-11-22T15:35:01.5+01:30",
                           "2026-11-22 15:05:01,500 +0100", "2026-11-22T06:05:01.5 -08:00 h"}) {
    CAPTURE(text);
    CHECK(loose(text) == "2026-11-22T14:05:01.500000Z");
  }
  for (const char* text : {"2026-11-22", "2026-11-22_14:05:01", "2026-11-22  14:05:01", "2026-11-22 14:05", "2026-11-22 14:05:01+1", "2026-11-22 14:05:01,"}) {
    CAPTURE(text);
    CHECK(loose(text) == "none");
  }
  CHECK(read_iso_time("2026-11-22 14:05:01 +0100").size == 25);
  for (const char* behind : {" +010", " +01000", " - x", " +0160 x", " 0100"}) CHECK(read_iso_time("2026-11-22 14:05:01" + std::string(behind)).size == 19);
}

TEST_CASE("a time without a zone is local") {
  const local_zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(loose("2026-11-22T14:05:01") == "2026-11-22T13:05:01.000000Z");
  CHECK(loose("2026-07-22T14:05:01") == "2026-07-22T12:05:01.000000Z");
  CHECK(bsd("Nov 22 14:05:01") == "2026-11-22T13:05:01.000000Z");
  CHECK(bsd("Jul 22 14:05:01") == "2026-07-22T12:05:01.000000Z");
}

TEST_CASE("a time of RFC 3164 is read in all its dialects") {
  const local_zone zone("UTC0");
  CHECK(bsd("Nov 22 14:05:01 host") == "2026-11-22T14:05:01.000000Z");
  CHECK(bsd("Nov  2 14:05:01") == "2026-11-02T14:05:01.000000Z");
  CHECK(bsd("Nov 2 14:05:01") == "2026-11-02T14:05:01.000000Z");
  CHECK(bsd("Nov 02 14:05:01") == "2026-11-02T14:05:01.000000Z");
  CHECK(bsd("Nov 22 14:05:01.123456") == "2026-11-22T14:05:01.123456Z");
  CHECK(bsd("Nov 22 14:05:01,123") == "2026-11-22T14:05:01.123000Z");
  CHECK(bsd("Nov 22 2021 14:05:01: %ASA") == "2021-11-22T14:05:01.000000Z");
  CHECK(bsd("Nov 22 14:05:01 2021 host") == "2021-11-22T14:05:01.000000Z");
  CHECK(bsd("2021 Nov 22 14:05:01 UTC: %X") == "2021-11-22T14:05:01.000000Z");
  CHECK(bsd("*Mar  1 00:00:01.123: %SYS") == "2026-03-01T00:00:01.123000Z");
  CHECK(bsd(".Mar  1 00:00:01.123 UTC: %SYS") == "2026-03-01T00:00:01.123000Z");
}

TEST_CASE("only a colon makes a word behind a time its zone") {
  const local_zone zone("EST5");
  CHECK(bsd("Nov 22 14:05:01 UTC: x") == "2026-11-22T14:05:01.000000Z");
  CHECK(bsd("Nov 22 14:05:01 EST: x") == "2026-11-22T19:05:01.000000Z");
  CHECK(bsd("Nov 22 14:05:01 UTC x") == "2026-11-22T19:05:01.000000Z");
  CHECK(read_rfc3164_time("Nov 22 14:05:01 UTC: x", moment).size == 20);
  CHECK(read_rfc3164_time("Nov 22 14:05:01 UTC x", moment).size == 15);
  CHECK(read_rfc3164_time("Nov 22 14:05:01 2026x", moment).size == 15);
}

TEST_CASE("a time without a year is the last that is not a week ahead") {
  const local_zone zone("UTC0");
  constexpr wall_time new_year{1'798'761'600s};  // 2027-01-01T00:00:00Z
  CHECK(bsd("Dec 31 23:59:59", new_year) == "2026-12-31T23:59:59.000000Z");
  CHECK(bsd("Jan  1 00:00:05", new_year - 10s) == "2027-01-01T00:00:05.000000Z");
  CHECK(bsd("Jan  9 00:00:05", new_year) == "2026-01-09T00:00:05.000000Z");
  CHECK(bsd("Feb 29 12:00:00") == "2024-02-29T12:00:00.000000Z");
}

TEST_CASE("what is no time of RFC 3164 is none") {
  for (const char* text : {"", "Nov", "Nov ", "Nov 22", "Nov 22 14:05", "Nov 22 14:05:0", "Nov 31 14:05:01", "Nov 0 14:05:01",
                           "Nov 22 24:05:01", "Nov 22 14:05:62", "nov 22 14:05:01", "November 22 14:05:01", "Nov 222 14:05:01",
                           "Nov 22 14:05:01.", "22 Nov 14:05:01", "Feb 30 12:00:00", "12345 Nov 22 14:05:01"}) {
    CAPTURE(text);
    CHECK(bsd(text) == "none");
  }
}

}  // namespace
}  // namespace logrelay
