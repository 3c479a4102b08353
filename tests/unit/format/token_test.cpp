#include <catch2/catch.hpp>
#include <logrelay/format/token.hpp>

namespace logrelay {
namespace {

std::string printable(std::string_view text, std::size_t most = 255, std::string_view forbidden = {}) {
  std::string to;
  append_printable(text, most, forbidden, to);
  return to;
}

TEST_CASE("a token of a header is printable ASCII without spaces") {
  CHECK(printable("host-1.example.com") == "host-1.example.com");
  CHECK(printable("a b\tc\n\x7f\x80") == "a_b_c___");
  CHECK(printable("") == "-");
  CHECK(printable("abcdef", 3) == "abc");
  CHECK(printable("a:b", 9, ":") == "a_b");
}

TEST_CASE("a priority stands in brackets") {
  std::string to;
  append_priority(0, to);
  append_priority(191, to);
  CHECK(to == "<0><191>");
}

}  // namespace
}  // namespace logrelay
