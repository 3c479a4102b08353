#include <catch2/catch.hpp>
#include <logrelay/util/count_bytes.hpp>

#include <algorithm>
#include <random>
#include <string>

namespace logrelay {
namespace {

std::size_t counted_one_by_one(std::string_view bytes, char wanted) {
  return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), wanted));
}

TEST_CASE("nothing holds no byte") { CHECK(count_bytes({}, '\n') == 0); }

TEST_CASE("every length and every start is counted as one by one") {
  std::mt19937 random(1);
  std::string text(600, '\0');
  for (char& c : text) c = random() % 3 == 0 ? '\n' : 'x';
  for (std::size_t start = 0; start < 40; ++start) {
    for (std::size_t size = 0; start + size <= text.size(); ++size) {
      const auto part = std::string_view(text).substr(start, size);
      REQUIRE(count_bytes(part, '\n') == counted_one_by_one(part, '\n'));
    }
  }
}

TEST_CASE("a counter does not overflow where every byte is the wanted one") {
  for (const std::size_t size : {254 * 16, 255 * 16, 256 * 16, 3 * 255 * 16 + 15}) {
    CHECK(count_bytes(std::string(size, '\n'), '\n') == size);
    CHECK(count_bytes(std::string(size, '\n'), '\0') == 0);
  }
}

TEST_CASE("each byte value is told from the others") {
  std::string text;
  for (int round = 0; round < 3; ++round)
    for (int value = 0; value < 256; ++value) text += static_cast<char>(value);
  for (int value = 0; value < 256; ++value) REQUIRE(count_bytes(text, static_cast<char>(value)) == 3);
}

}  // namespace
}  // namespace logrelay
