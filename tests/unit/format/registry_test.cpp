#include <catch2/catch.hpp>
#include <logrelay/format/format.hpp>
#include <logrelay/format/registry.hpp>

#include <algorithm>

namespace logrelay {
namespace {

long formats_for(std::string_view text) {
  const auto kinds = standard_formats();
  return std::count_if(kinds.begin(), kinds.end(), [&](const format_kind& kind) { return kind.matches(text); });
}

TEST_CASE("each text asks for one format or none") {
  CHECK(formats_for("raw") == 1);
  CHECK(formats_for("{line}") == 1);
  CHECK(formats_for("raw {line}") == 1);
  CHECK(formats_for("") == 0);
  CHECK(formats_for("rwa") == 0);
}

TEST_CASE("raw has no code and no mistakes") {
  const auto kinds = standard_formats();
  const auto raw = std::find_if(kinds.begin(), kinds.end(), [](const auto& kind) { return kind.name == "raw"; });
  REQUIRE(raw != kinds.end());
  mistakes wrong;
  raw->check("raw", "output 'a.log'", wrong);
  CHECK(wrong.empty());
  CHECK(raw->make("raw", {}) == nullptr);
}

TEST_CASE("every format has a name, a sentence and functions") {
  for (const format_kind& kind : standard_formats()) {
    CHECK_FALSE(kind.name.empty());
    CHECK_FALSE(kind.summary.empty());
    CHECK(kind.matches != nullptr);
    CHECK(kind.check != nullptr);
    CHECK(kind.make != nullptr);
  }
}

}  // namespace
}  // namespace logrelay
