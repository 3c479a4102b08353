#include <logrelay/util/crc32c.hpp>

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace logrelay {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

using byte_table = std::array<std::uint32_t, 256>;

constexpr byte_table table = [] {
  byte_table made{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
    made[byte] = rest;
  }
  return made;
}();

#if defined(__x86_64__)

// The instruction takes three cycles and one can be begun in each: three parts of the bytes are summed side by side.
// What the sum of a part becomes behind the zeros that the parts after it are to it is a sum of what each of its bytes
// becomes, and that is in tables.
constexpr std::size_t part_bytes = 1024;

constexpr std::uint32_t behind_zeros(std::uint32_t crc, std::size_t zeros) {
  for (; zeros > 0; --zeros) crc = (crc >> 8) ^ table[crc & 0xff];
  return crc;
}

using shift_tables = std::array<byte_table, 4>;

// Of a byte each bit is moved alone, since what a sum becomes is the sum of what its bits become.
constexpr shift_tables past_a_part = [] {
  shift_tables made{};
  for (std::size_t place = 0; place < 4; ++place) {
    for (std::uint32_t bit = 0; bit < 8; ++bit) made[place][1u << bit] = behind_zeros(1u << (8 * place + bit), part_bytes);
    for (std::uint32_t byte = 1; byte < 256; ++byte) made[place][byte] = made[place][byte & (byte - 1)] ^ made[place][byte & -byte];
  }
  return made;
}();

std::uint32_t moved(std::uint64_t crc) noexcept {
  return past_a_part[0][crc & 0xff] ^ past_a_part[1][(crc >> 8) & 0xff] ^ past_a_part[2][(crc >> 16) & 0xff] ^ past_a_part[3][(crc >> 24) & 0xff];
}

std::uint64_t eight_at(const char* at) noexcept {
  std::uint64_t eight;
  std::memcpy(&eight, at, sizeof eight);
  return eight;
}

__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes, std::uint32_t seed) noexcept {
  std::uint64_t crc = ~seed;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * part_bytes; left -= 3 * part_bytes, at += 2 * part_bytes) {
    std::uint64_t second = 0, third = 0;
    for (const char* const end = at + part_bytes; at != end; at += 8) {
      crc = _mm_crc32_u64(crc, eight_at(at));
      second = _mm_crc32_u64(second, eight_at(at + part_bytes));
      third = _mm_crc32_u64(third, eight_at(at + 2 * part_bytes));
    }
    crc = moved(moved(crc) ^ second) ^ third;
  }
  for (; left >= 8; at += 8, left -= 8) crc = _mm_crc32_u64(crc, eight_at(at));
  auto rest = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) rest = _mm_crc32_u8(rest, static_cast<unsigned char>(*at));
  return ~rest;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  for (const char byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) noexcept {
#if defined(__x86_64__)
  static const bool known = __builtin_cpu_supports("sse4.2") != 0;
  if (known) return by_instruction(bytes, seed);
#endif
  return crc32c_portable(bytes, seed);
}

}  // namespace logrelay
