#include <support/lines.hpp>
#include <support/sending.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace support;

TEST_CASE("the null output takes everything and counts it as delivered") {
  sending out("null:");
  out.start();
  out.push(numbered_lines(0, 20'000));
  out.close();
  CHECK(out.ends());
  CHECK(out.account().delivered == tally{20'000, 400'000});
  CHECK(out.account().balances());
}

TEST_CASE("the null output takes nothing behind its colon") {
  CHECK_THROWS_WITH(sending("null:x"), Catch::Contains("takes nothing behind the colon"));
}

}  // namespace
}  // namespace logrelay
