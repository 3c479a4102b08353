#include <logrelay/util/utf8.hpp>

#include <cstdint>
#include <cstring>

namespace logrelay {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

std::size_t ascii_size(std::string_view bytes) {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  std::size_t size = 0;
  for (std::uint64_t word; bytes.size() - size >= sizeof word; size += sizeof word) {
    std::memcpy(&word, bytes.data() + size, sizeof word);
    if ((word & high_bits) != 0) break;
  }
  while (size < bytes.size() && static_cast<unsigned char>(bytes[size]) < 0x80) ++size;
  return size;
}

/// The bytes of the character that `bytes` begins with, which is not ASCII; 0 where it is none. RFC 3629, section 4.
std::size_t character_size(std::string_view bytes) {
  const auto at = [bytes](std::size_t n) { return n < bytes.size() ? static_cast<unsigned char>(bytes[n]) : 0U; };
  const auto tail = [&](std::size_t n) { return (at(n) & 0xc0) == 0x80; };
  const auto second_within = [&](unsigned first, unsigned last) { return at(1) >= first && at(1) <= last; };
  const unsigned lead = at(0);
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return tail(1) ? 2 : 0;
  if (lead < 0xf0) {
    const bool second = lead == 0xe0 ? second_within(0xa0, 0xbf) : lead == 0xed ? second_within(0x80, 0x9f) : tail(1);
    return second && tail(2) ? 3 : 0;
  }
  const bool second = lead == 0xf0 ? second_within(0x90, 0xbf) : lead == 0xf4 ? second_within(0x80, 0x8f) : tail(1);
  return second && tail(2) && tail(3) ? 4 : 0;
}

/// The bytes before the first that belongs to no character.
std::size_t valid_size(std::string_view bytes) {
  std::size_t size = 0;
  for (;;) {
    size += ascii_size(bytes.substr(size));
    if (size == bytes.size()) return size;
    const std::size_t character = character_size(bytes.substr(size));
    if (character == 0) return size;
    size += character;
  }
}

}  // namespace

std::string_view as_utf8(std::string_view bytes, std::string& scratch) {
  std::size_t valid = valid_size(bytes);
  if (valid == bytes.size()) return bytes;
  scratch.clear();
  while (valid != bytes.size()) {
    scratch += bytes.substr(0, valid);
    scratch += replacement;
    bytes.remove_prefix(valid + 1);
    valid = valid_size(bytes);
  }
  scratch += bytes;
  return scratch;
}

}  // namespace logrelay
