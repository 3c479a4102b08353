#include <logrelay/core/resend_buffer.hpp>

#include <catch2/catch.hpp>

#include <random>
#include <string>

namespace logrelay {
namespace {

std::string all_of(resend_buffer& buffer) {
  std::string text;
  for (const auto& each : buffer.take()) text += each;
  return text;
}

TEST_CASE("without a size nothing is kept") {
  resend_buffer buffer(0, framing::newline);
  CHECK_FALSE(buffer.keeps());
  buffer.append("one\n");
  CHECK(all_of(buffer).empty());
}

TEST_CASE("the last bytes are kept from the start of the line that they begin in") {
  resend_buffer buffer(6, framing::newline);
  buffer.append("one\ntwo\n");
  buffer.append("three\n");
  CHECK(all_of(buffer) == "three\n");
  buffer.append("one\ntwo\n");
  CHECK(all_of(buffer) == "one\ntwo\n");
  CHECK(all_of(buffer).empty());
}

TEST_CASE("a message with a newline is kept whole where lengths frame") {
  resend_buffer buffer(4, framing::octet);
  buffer.append("3 one7 two\nend");
  CHECK(all_of(buffer) == "7 two\nend");
}

TEST_CASE("whatever is appended the last lines are kept and little more") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::size_t most = 1 + random() % 300'000;
    resend_buffer buffer(most, framing::newline);
    std::string everything;
    const auto times = random() % 12;
    for (unsigned n = 0; n < times; ++n) {
      std::string lines;
      const auto wanted = random() % 200'000;
      while (lines.size() < wanted) lines += std::string(random() % (random() % 20 == 0 ? 100'000 : 200), 'x') + '\n';
      buffer.append(lines);
      everything += lines;
    }
    const auto surplus = everything.size() > most ? everything.size() - most : 0;
    const auto start = surplus == 0 ? 0 : everything.rfind('\n', surplus - 1) + 1;  // npos + 1 is 0
    REQUIRE(all_of(buffer) == everything.substr(start));
  }
}

}  // namespace
}  // namespace logrelay
