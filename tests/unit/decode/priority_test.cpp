#include <catch2/catch.hpp>
#include <logrelay/decode/priority.hpp>

namespace logrelay {
namespace {

TEST_CASE("a priority is a number from 0 to 191 in brackets at the very start") {
  CHECK(leading_priority("<0>x").value == 0);
  CHECK(leading_priority("<191>x").value == 191);
  CHECK(leading_priority("<191>x").width == 5);
  CHECK(leading_priority("<13>").width == 4);
}

TEST_CASE("what is not quite a priority has none") {
  for (const char* text : {"", "<", "<>", "<1", "<192>", "<007>", "<-1>", " <1>", "<1 >", "<18446744073709551617>"}) {
    CAPTURE(text);
    CHECK(leading_priority(text).value == -1);
    CHECK(leading_priority(text).width == 0);
  }
}

}  // namespace
}  // namespace logrelay
