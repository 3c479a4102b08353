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

TEST_CASE("what is escaped is found at every place, among any neighbours") {
  for (const std::size_t size : {1U, 7U, 8U, 9U, 16U, 31U})
    for (std::size_t at = 0; at < size; ++at)
      for (const char other : {'!', 'a', '\x20', '\x21', '\x23', '\x5b', '\x5d', '\x7f'}) {
        std::string text(size, other);
        text[at] = '"';
        REQUIRE(json(text) == "[\"" + text.substr(0, at) + "\\\"" + text.substr(at + 1) + "\"]");
        text[at] = '\x1f';
        REQUIRE(json(text) == "[\"" + text.substr(0, at) + "\\u001f" + text.substr(at + 1) + "\"]");
        text[at] = '\\';
        REQUIRE(json(text) == "[\"" + text.substr(0, at) + "\\\\" + text.substr(at + 1) + "\"]");
        text[at] = other;
        REQUIRE(json(text) == "[\"" + text + "\"]");
      }
}

TEST_CASE("bytes that are not UTF-8 become the replacement character") {
  CHECK(json("a\xff" "b") == "[\"a\xef\xbf\xbd" "b\"]");
}

}  // namespace
}  // namespace logrelay
