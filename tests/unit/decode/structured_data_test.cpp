#include <catch2/catch.hpp>
#include <logrelay/decode/structured_data.hpp>

namespace logrelay {
namespace {

std::string walked(std::string_view sd) {
  std::string all;
  sd_cursor cursor(sd);
  for (sd_cursor::parameter each; cursor.next(each);) {
    all.append(each.id).append(".").append(each.name).append("=");
    append_sd_plain(each.value, all);
    all += ";";
  }
  return all;
}

TEST_CASE("the size of structured data is that of its whole elements") {
  CHECK(structured_data_size("[a b=\"c\"]") == 9);
  CHECK(structured_data_size("[a b=\"c\"][d] message") == 12);
  CHECK(structured_data_size("[a b=\"]\\\"\\\\\"] m") == 13);
  CHECK(structured_data_size("[a] [b]") == 3);
  CHECK(structured_data_size("[a][b") == 3);
}

TEST_CASE("what is no structured data has no size") {
  for (const char* text : {"", "-", "[", "[]", "[ a]", "[a", "[a b]", "[a b=]", "[a b=c]", "[a b=\"c]", "[a b=\"c\\\"]", "[a b=\"c\"d=\"e\"]", "a[b]"}) {
    CAPTURE(text);
    CHECK(structured_data_size(text) == 0);
  }
}

TEST_CASE("a cursor walks every parameter of every element") {
  CHECK(walked("[a b=\"c\" d=\"\"][e][f@1 g=\"h\"]") == "a.b=c;a.d=;e.=;f@1.g=h;");
  CHECK(walked("[a][b]") == "a.=;b.=;");
  CHECK(walked("") == "");
}

TEST_CASE("values lose and get their backslashes") {
  CHECK(walked(R"([a b="x\"y\\z\]w\n"])") == R"(a.b=x"y\z]w\n;)");
  std::string escaped;
  append_sd_escaped(R"(x"y\z]w)", escaped);
  CHECK(escaped == R"(x\"y\\z\]w)");
}

std::string merged(std::string_view theirs, std::string_view ours) {
  std::string to;
  append_sd_merged(theirs, ours, to);
  return to;
}

TEST_CASE("structured data that is added stands beside what is there") {
  CHECK(merged("", R"([a b="c"])") == R"([a b="c"])");
  CHECK(merged(R"([a b="c"])", "") == R"([a b="c"])");
  CHECK(merged(R"([ab  b="a"][b])", R"([a b="c"])") == R"([ab  b="a"][b][a b="c"])");
}

TEST_CASE("an element of an id that is there becomes part of it") {
  CHECK(merged(R"([a b="c"])", R"([a d="e"])") == R"([a b="c" d="e"])");
  CHECK(merged(R"([a b="c"])", R"([a b="d"])") == R"([a b="d"])");
  CHECK(merged(R"([x][a b="c" e="f"][y z="\"\]"])", R"([n][a b="d" g="h"][m o="p"])") == R"([x][a e="f" b="d" g="h"][y z="\"\]"][n][m o="p"])");
  CHECK(merged("[a]", R"([a b="c"])") == R"([a b="c"])");
  CHECK(merged(R"([a b="c"])", "[a]") == R"([a b="c"])");
  CHECK(merged(R"([a b="1" b="2" c="3"])", R"([a b="4"])") == R"([a c="3" b="4"])");
}

}  // namespace
}  // namespace logrelay
