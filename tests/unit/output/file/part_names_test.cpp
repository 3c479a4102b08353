#include <logrelay/output/file/part_names.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

namespace logrelay {
namespace {

const part_names by_time("a.log", false, true, naming::time);
const part_names by_number("a.log", false, true, naming::number);
const part_names daily("all-%Y-%m-%d.log", true, true, naming::time);

TEST_CASE("a part's name is read and gives the same name again") {
  for (const auto* each : {"a.log.20261122T140501.123456Z", "a.log.20240229T235959.000000Z",
                           "a.log.20261122T140501.123456Z.gz", "a.log.20261122T140501.123456Z.zst"}) {
    const auto read = by_time.read(each);
    REQUIRE(read);
    CHECK(read->text() == each);
    CHECK(part_names::at_time("a.log", read->microseconds) == read->plain);
  }
  for (const auto* each : {"a.log.1", "a.log.10.gz", "a.log.999999999"}) {
    const auto read = by_number.read(each);
    REQUIRE(read);
    CHECK(read->text() == each);
    CHECK(part_names::at_number("a.log", read->number) == read->plain);
  }
}

TEST_CASE("what only looks like a part's name is none") {
  for (const auto* each : {"a.log",
                           "a.log.",
                           "a.log.gz",
                           "a.log.20261122T140501.123456",
                           "a.log.20261122t140501.123456Z",
                           "a.log.20261322T140501.123456Z",
                           "a.log.20260230T140501.123456Z",
                           "a.log.20230229T000000.000000Z",
                           "a.log.20261122T240000.000000Z",
                           "a.log.20261122T140561.000000Z",
                           "a.log.99991231T235959.999999Z",
                           "a.log.1",
                           "b.log.20261122T140501.123456Z",
                           "xa.log.20261122T140501.123456Z",
                           "a.log.20261122T140501.12345xZ",
                           "a.log.20261122T140501.123456Z.gz.gz",
                           "a.log.20261122T140501.123456Z.bz2",
                           "a.log.20261122T140501.123456Z.gz.tmp",
                           "a.log.20261122T140501.123456Z ",
                           "a.log.20261122T140501.123456Z.20261122T140501.123456Z",
                           "a.log.19691231T235959.999999Z",
                           "a.log.+0261122T140501.123456Z"})
    CHECK_FALSE(by_time.read(each));
  for (const auto* each :
       {"a.log.0", "a.log.01", "a.log.-1", "a.log.+1", "a.log.1x", "a.log.1.1", "a.log.1000000000",
        "a.log.99999999999999999999", "a.log.1.gz.gz", "a.log.20261122T140501.123456Z", "a.log1", "1", ".1"})
    CHECK_FALSE(by_number.read(each));
  for (const auto* each :
       {"all-2026-13-01.log", "all-2026-1-1.log", "all-2026-02-30.log", "all-2026-11-22.log.1", "all-2026-11-22.logx",
        "xall-2026-11-22.log", "all-2026-11-22", "all-2026- 1-22.log", "all-2026-11-22.log.tmp"})
    CHECK_FALSE(daily.read(each));
}

TEST_CASE("a file that ends like a packed one has parts all the same") {
  const part_names odd("a.gz", false, true, naming::time);
  CHECK(odd.read("a.gz.20261122T140501.123456Z"));
  CHECK(odd.read("a.gz.20261122T140501.123456Z.gz"));
  CHECK_FALSE(odd.read("a.gz"));
  const part_names odd_daily("%Y.gz", true, true, naming::number);
  CHECK(odd_daily.read("2026.gz")->packed == compression::none);
  CHECK(odd_daily.read("2026.gz.gz")->packed == compression::gzip);
  CHECK(odd_daily.read("2026.gz.3.gz")->number == 3);
}

TEST_CASE("parts sort by age") {
  const auto sorted = [](const part_names& names, std::vector<std::string> texts) {
    std::vector<part_name> read;
    for (const auto& each : texts) read.push_back(*names.read(each));
    return std::is_sorted(read.begin(), read.end());
  };
  CHECK(sorted(by_time,
               {"a.log.20251122T140501.123456Z.gz", "a.log.20261122T140501.123456Z", "a.log.20261122T140501.123457Z"}));
  CHECK(sorted(by_number, {"a.log.100.gz", "a.log.20", "a.log.3.zst", "a.log.1"}));
  CHECK(sorted(daily, {"all-2026-11-21.log", "all-2026-11-22.log.20261122T140501.123456Z", "all-2026-11-22.log",
                       "all-2026-11-23.log.gz"}));
}

TEST_CASE("the time in a path is that of the zone") {
  const wall_time late{std::chrono::seconds(1'795'391'999)};  // 2026-11-22T23:59:59Z
  CHECK(render("x-%Y-%m-%d", late, true) == "x-2026-11-22");
  CHECK(render("100%%", late, true) == "100%");
}

}  // namespace
}  // namespace logrelay
