#include <catch2/catch.hpp>
#include <logrelay/util/quantity.hpp>

#include <limits>

using namespace logrelay;
using namespace std::chrono_literals;

TEST_CASE("a size is read in 1024s", "[quantity]") {
  CHECK(parse_size("0") == 0u);
  CHECK(parse_size("512") == 512u);
  CHECK(parse_size("512B") == 512u);
  CHECK(parse_size("64K") == 65536u);
  CHECK(parse_size("64k") == 65536u);
  CHECK(parse_size("64KB") == 65536u);
  CHECK(parse_size("64KiB") == 65536u);
  CHECK(parse_size("64M") == 64u << 20);
  CHECK(parse_size("1G") == 1u << 30);
  CHECK(parse_size("2T") == std::uint64_t{2} << 40);
}

TEST_CASE("a size that is none is refused", "[quantity]") {
  for (const char* text :
       {"", "K", "-1", "+1", " 1", "1 ", "1 K", "12Q", "1.5G", "1KK", "1Ki B", "1KiBs", "0x10", "1i", "1iB", "B1"})
    CHECK_FALSE(parse_size(text));
}

TEST_CASE("a size is refused where it would overflow and not before", "[quantity]") {
  CHECK(parse_size("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(parse_size("18446744073709551616"));
  CHECK(parse_size("15E") == std::uint64_t{15} << 60);
  CHECK_FALSE(parse_size("16E"));
}

TEST_CASE("a time is read in each unit and in several", "[quantity]") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("10s") == 10s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("1d1h1m1s1ms") == 25h + 1min + 1s + 1ms);
  CHECK(parse_duration("0") == 0ms);
  CHECK(parse_duration("000") == 0ms);
  CHECK(parse_duration("0s") == 0ms);
}

TEST_CASE("a time that is none is refused", "[quantity]") {
  for (const char* text :
       {"", "5", "s", "-5s", "5 s", " 5s", "5s ", "1.5s", "5S", "5sec", "1m1h", "1s1s", "1h30", "05"})
    CHECK_FALSE(parse_duration(text));
}

TEST_CASE("a time is refused where it would overflow", "[quantity]") {
  CHECK(parse_duration("9223372036854775807ms") == std::chrono::milliseconds::max());
  CHECK_FALSE(parse_duration("9223372036854775808ms"));
  CHECK_FALSE(parse_duration("106751991168d"));
  CHECK_FALSE(parse_duration("106751991167d99999999999999s"));
}

TEST_CASE("a count is a whole number", "[quantity]") {
  CHECK(parse_count("0") == 0u);
  CHECK(parse_count("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "-1", "1K", "18446744073709551616"}) CHECK_FALSE(parse_count(text));
}

TEST_CASE("a size is written in the unit that fits", "[quantity]") {
  CHECK(readable_size(0) == "0 B");
  CHECK(readable_size(1023) == "1023 B");
  CHECK(readable_size(1024) == "1.0 KiB");
  CHECK(readable_size(1536) == "1.5 KiB");
  CHECK(readable_size(3 << 20) == "3.0 MiB");
  CHECK(readable_size(std::numeric_limits<std::uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("a size that rounds up to the next unit is written in it", "[quantity]") {
  CHECK(readable_size((1 << 20) - 1) == "1.0 MiB");
  CHECK(readable_size((1 << 20) - 51) == "1.0 MiB");
  CHECK(readable_size((1 << 20) - 52) == "1023.9 KiB");
}

TEST_CASE("a time is written in the unit that fits", "[quantity]") {
  CHECK(readable_duration(0ms) == "0 ms");
  CHECK(readable_duration(500ms) == "500 ms");
  CHECK(readable_duration(1s) == "1 s");
  CHECK(readable_duration(1500ms) == "1.5 s");
  CHECK(readable_duration(5min) == "5 min");
  CHECK(readable_duration(90s) == "1.5 min");
  CHECK(readable_duration(2h) == "2 h");
  CHECK(readable_duration(168h) == "7 d");
  CHECK(readable_duration(-1500ms) == "-1.5 s");
}

TEST_CASE("a time that rounds up to the next unit is written in it", "[quantity]") {
  CHECK(readable_duration(999ms) == "999 ms");
  CHECK(readable_duration(59949ms) == "59.9 s");
  CHECK(readable_duration(59960ms) == "1 min");
}

TEST_CASE("the longest and the shortest time can be written", "[quantity]") {
  CHECK(readable_duration(std::chrono::milliseconds::max()) == "106751991167.3 d");
  CHECK(readable_duration(std::chrono::milliseconds::min()) == "-106751991167.3 d");
}
