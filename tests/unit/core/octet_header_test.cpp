#include <catch2/catch.hpp>
#include <logrelay/core/octet_header.hpp>

namespace logrelay {
namespace {

TEST_CASE("an octet header is digits and a space") {
  const auto head = read_octet_header("11 hello world");
  CHECK(head.kind == octet_header::whole);
  CHECK(head.size == 3);
  CHECK(head.length == 11);
  CHECK(read_octet_header("9999999999 ").length == 9'999'999'999);
  CHECK(read_octet_header("0 ").kind == octet_header::whole);
}

TEST_CASE("digits at the end may become an octet header") {
  for (const auto* begun : {"", "0", "1", "9999999999"}) CHECK(read_octet_header(begun).kind == octet_header::unfinished);
}

TEST_CASE("other text is no octet header") {
  for (const auto* text : {" 1", "x", "-1 a", "1x", "1\n", "01 a", "00", "10000000000", "10000000000 a"}) {
    CAPTURE(text);
    CHECK(read_octet_header(text).kind == octet_header::none);
  }
}

TEST_CASE("where lines come too a length needs a priority behind it") {
  CHECK(read_syslog_header("12 <13>x").kind == octet_header::whole);
  CHECK(read_syslog_header("3 <1>").size == 2);
  for (const char* text : {"", "12", "12 ", "12 <", "12 <1", "12 <191"}) {
    CAPTURE(text);
    CHECK(read_syslog_header(text).kind == octet_header::unfinished);
  }
  for (const char* text : {"x", "12 x", "12 <x", "12 <>", "12 <1234", "12 <12]", "2 <1>", "0 <13>"}) {
    CAPTURE(text);
    CHECK(read_syslog_header(text).kind == octet_header::none);
  }
}

}  // namespace
}  // namespace logrelay
