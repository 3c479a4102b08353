#include <catch2/catch.hpp>
#include <logrelay/util/utf8.hpp>

#include <cstdint>
#include <string>

namespace logrelay {
namespace {

std::string text_of(std::string_view bytes) {
  std::string scratch = "left over";
  return std::string(as_utf8(bytes, scratch));
}

bool is_kept(std::string_view bytes) {
  std::string scratch;
  return as_utf8(bytes, scratch).data() == bytes.data();
}

/// As RFC 3629 encodes it, whether or not it may.
std::string encoded(std::uint32_t code) {
  const auto tail = [code](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xc0 | code >> 6), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xe0 | code >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0)};
}

TEST_CASE("UTF-8 is not copied") {
  CHECK(is_kept("plain ASCII that is longer than a word"));
  CHECK(is_kept("sieben \xc3\xbc und \xf0\x9f\x98\x80"));
}

TEST_CASE("every character is one, and every surrogate is none") {
  for (std::uint32_t code = 0; code < 0x110100; ++code) {
    const bool character = code < 0x110000 && !(code >= 0xd800 && code < 0xe000);
    if (is_kept(encoded(code)) != character) FAIL("code point " << code);
  }
}

TEST_CASE("each stray byte becomes U+FFFD and costs its neighbours nothing") {
  CHECK(text_of("a\xff" "b") == "a\xef\xbf\xbd" "b");
  CHECK(text_of("\x80\x80") == "\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(text_of("\xc3") == "\xef\xbf\xbd");
  CHECK(text_of("\xc3\xc3\xbc") == "\xef\xbf\xbd\xc3\xbc");
  CHECK(text_of("\xe2\x82x") == "\xef\xbf\xbd\xef\xbf\xbdx");
  CHECK(text_of("12345678\xff" "12345678\xc3\xbc") == "12345678\xef\xbf\xbd" "12345678\xc3\xbc");
}

TEST_CASE("overlong forms are no characters") {
  CHECK_FALSE(is_kept("\xc0\x80"));
  CHECK_FALSE(is_kept("\xc1\xbf"));
  CHECK_FALSE(is_kept("\xe0\x9f\xbf"));
  CHECK_FALSE(is_kept("\xf0\x8f\xbf\xbf"));
}

TEST_CASE("what is shown steers no terminal, and text stays readable") {
  CHECK(as_shown("plain\\n 'text', für 10 €, 𝄞") == "plain\\n 'text', für 10 €, 𝄞");
  CHECK(as_shown("a\nb\rc\td") == "a\\nb\\rc\\td");
  CHECK(as_shown(std::string_view("\0\x1b[31m\x7f", 7)) == "\\x00\\x1b[31m\\x7f");
  CHECK(as_shown("\xc2\x9b" "31m \xc2\xa0") == "\\xc2\\x9b31m \xc2\xa0");  // C1 in two bytes, and the first that is none
  CHECK(as_shown("\x9b" "31m gr\xfc\xdf" "e \xc3") == "\\x9b31m gr\\xfc\\xdfe \\xc3");  // bytes that are no characters
  CHECK(as_shown({}).empty());
}

TEST_CASE("nothing is UTF-8") {
  std::string scratch;
  CHECK(as_utf8({}, scratch).empty());
}

}  // namespace
}  // namespace logrelay
