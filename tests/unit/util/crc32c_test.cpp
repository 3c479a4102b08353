#include <catch2/catch.hpp>
#include <logrelay/util/crc32c.hpp>

#include <string>

using namespace logrelay;

TEST_CASE("CRC32C is that of RFC 3720") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c_portable("123456789") == 0xe3069283);
}

TEST_CASE("CRC32C goes on from the sum of the bytes before") { CHECK(crc32c("6789", crc32c("12345")) == 0xe3069283); }

TEST_CASE("CRC32C is the same by the processor's instruction and without, at each length and alignment") {
  std::string text(20'000, '\0');
  std::uint32_t state = 1;
  for (auto& byte : text) byte = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  const std::string_view all = text;
  for (const std::size_t size : {0, 1, 7, 8, 9, 52, 1023, 1024, 3071, 3072, 3073, 6143, 6144, 9999, 19'990})
    for (std::size_t offset = 0; offset < 9; ++offset) {
      INFO(size << " bytes from " << offset);
      REQUIRE(crc32c(all.substr(offset, size), 4711) == crc32c_portable(all.substr(offset, size), 4711));
    }
}
