#include <catch2/catch.hpp>
#include <logrelay/format/facility.hpp>

namespace logrelay {
namespace {

TEST_CASE("facilities have the names of syslog") {
  CHECK(facility_name(0) == "kern");
  CHECK(facility_name(3) == "daemon");
  CHECK(facility_name(10) == "authpriv");
  CHECK(facility_name(11) == "ftp");
  CHECK(facility_name(16) == "local0");
  CHECK(facility_name(23) == "local7");
}

TEST_CASE("a number that is no facility has no name") {
  CHECK(facility_name(-1).empty());
  CHECK(facility_name(24).empty());
}

}  // namespace
}  // namespace logrelay
