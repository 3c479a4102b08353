#include <logrelay/util/utf8.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

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

// U+0080 to U+009F: some terminals take these for an escape and what follows it.
bool is_c1(std::string_view character) { return character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0; }

void append_escaped(std::string_view bytes, std::string& to) {
  for (const char c : bytes) {
    switch (c) {
      case '\n': to += "\\n"; break;
      case '\r': to += "\\r"; break;
      case '\t': to += "\\t"; break;
      default: fmt::format_to(std::back_inserter(to), "\\x{:02x}", static_cast<unsigned char>(c));
    }
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

std::string as_shown(std::string_view bytes) {
  std::string shown;
  shown.reserve(bytes.size());
  while (!bytes.empty()) {
    const bool ascii = static_cast<unsigned char>(bytes[0]) < 0x80;
    const std::size_t size = ascii ? 1 : character_size(bytes);
    const auto character = bytes.substr(0, std::max<std::size_t>(size, 1));
    const bool steers = ascii ? bytes[0] < ' ' || bytes[0] == 0x7f : size == 0 || is_c1(character);
    if (steers)
      append_escaped(character, shown);
    else
      shown += character;
    bytes.remove_prefix(character.size());
  }
  return shown;
}

}  // namespace logrelay
