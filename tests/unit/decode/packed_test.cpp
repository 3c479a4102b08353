#include <catch2/catch.hpp>
#include <logrelay/decode/packed.hpp>
#include <logrelay/format/format.hpp>

#include <string>

namespace logrelay {
namespace {

std::string packed(const program_record& one) {
  std::string bytes(packed_size(one), '\0');
  pack(one, bytes.data());
  return bytes;
}

program_record whole_record() {
  program_record one;
  one.severity = level::warning;
  one.own_level = 3;
  one.time = wall_time(std::chrono::seconds(1'000'000'000) + std::chrono::nanoseconds(123'456'789));
  one.thread = 4242;
  one.logger = "net";
  one.file = "main.cpp";
  one.function = "main";
  one.line = 42;
  one.message = std::string_view("a message\nwith \0 anything", 25);
  return one;
}

}  // namespace

TEST_CASE("packed: a record comes back as it was") {
  const auto one = whole_record();
  const auto bytes = packed(one);
  program_record back;
  REQUIRE(unpack(bytes, back));
  CHECK(back.severity == one.severity);
  CHECK(back.own_level == one.own_level);
  CHECK(back.time == one.time);
  CHECK(back.thread == one.thread);
  CHECK(back.logger == one.logger);
  CHECK(back.file == one.file);
  CHECK(back.file.data()[back.file.size()] == '\0');
  CHECK(back.function == one.function);
  CHECK(back.function.data()[back.function.size()] == '\0');
  CHECK(back.line == one.line);
  CHECK(back.message == one.message);
}

TEST_CASE("packed: what is not known takes no room") {
  program_record bare;
  bare.message = "x";
  const auto bytes = packed(bare);
  CHECK(bytes.size() == 33);
  program_record back;
  REQUIRE(unpack(bytes, back));
  CHECK(back.logger.empty());
  CHECK(back.file.empty());
  CHECK(back.message == "x");
}

TEST_CASE("packed: names that are too long are cut, the message is not") {
  const std::string name(70'000, 'n'), message(200'000, 'm');
  program_record one;
  one.logger = one.file = one.function = name;
  one.message = message;
  const auto bytes = packed(one);
  program_record back;
  REQUIRE(unpack(bytes, back));
  CHECK(back.logger.size() == 65535);
  CHECK(back.file.size() == 65535);
  CHECK(back.function.size() == 65535);
  CHECK(back.message == message);
}

TEST_CASE("packed: any cut of a record reads as text, or as a shorter message") {
  const auto bytes = packed(whole_record());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    program_record back;
    if (unpack(std::string_view(bytes).substr(0, size), back)) CHECK(back.message.size() < 25);
  }
  program_record back;
  CHECK_FALSE(unpack("logrelay: dropped 1 lines (2 bytes)", back));
}

TEST_CASE("packed: formats find a record's fields") {
  source from;
  from.decode = decoding::packed;
  from.app = "server";
  const auto bytes = packed(whole_record());
  const line_view line(bytes, wall_time{}, from);
  CHECK(line.line() == whole_record().message);
  CHECK(line.message() == whole_record().message);
  CHECK(line.severity() == level::warning);
  CHECK(line.stamp() == whole_record().time);
  CHECK(line.app() == "server");
  CHECK(line.fields().msgid == "net");
  CHECK(line.bytes() == bytes);
}

}  // namespace logrelay
