#include <catch2/catch.hpp>
#include <logrelay/util/json.hpp>

#include <string>
#include <string_view>

namespace logrelay {
namespace {

using namespace std::string_view_literals;

std::string json(std::string_view text) {
  std::string to = "[";
  append_json_string(text, to);
  return to + "]";
}

TEST_CASE("text is quoted and stays as it is") {
  CHECK(json("") == R"([""])");
  CHECK(json("plain text, 100 % /") == R"(["plain text, 100 % /"])");
  CHECK(json("grüße 日本 🎉") == R"(["grüße 日本 🎉"])");
}

TEST_CASE("quotes, backslashes and control characters are escaped") {
  CHECK(json(R"(say "hi" \ )") == R"(["say \"hi\" \\ "])");
  CHECK(json("a\nb\rc\td") == R"(["a\nb\rc\td"])");
  CHECK(json("\0\x01\x1b\x1f\x20\x7f"sv) == "[\"\\u0000\\u0001\\u001b\\u001f \x7f\"]");
}

TEST_CASE("bytes that are not UTF-8 become the replacement character") {
  CHECK(json("a\xff" "b") == "[\"a\xef\xbf\xbd" "b\"]");
}

}  // namespace
}  // namespace logrelay
