#include <logrelay/util/json.hpp>

#include <logrelay/util/utf8.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace logrelay {
namespace {

// What stands behind the backslash; 'u' for four hexadecimal digits; 0: the character itself.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> all{};
  for (std::size_t c = 0; c < 0x20; ++c) all[c] = 'u';
  all['"'] = '"';
  all['\\'] = '\\';
  all['\n'] = 'n';
  all['\r'] = 'r';
  all['\t'] = 't';
  return all;
}();

char escape_of(char c) { return escapes[static_cast<unsigned char>(c)]; }

// For eight bytes at once.
constexpr std::uint64_t every = 0x0101010101010101, highest = 0x8080808080808080;

// In each byte's highest bit, whether it is less than `limit`, and ASCII. May be wrong behind the first that is.
std::uint64_t below(std::uint64_t bytes, unsigned char limit) { return (bytes - every * limit) & ~bytes & highest; }

// … whether it has to be escaped.
std::uint64_t escaped(std::uint64_t bytes) {
  return below(bytes, 0x20) | below(bytes ^ (every * '"'), 1) | below(bytes ^ (every * '\\'), 1);
}

// The bytes before the first that has to be escaped; or that is not ASCII, where `also` has the highest bits. Eight at a time,
// since most of what is written is plain text.
template <std::uint64_t also>
std::size_t plain_size(std::string_view text) {
  std::size_t size = 0;
  for (std::uint64_t word; text.size() - size >= sizeof word; size += sizeof word) {
    std::memcpy(&word, text.data() + size, sizeof word);
    if ((escaped(word) | (word & also)) != 0) break;
  }
  const auto is_plain = [](char c) { return escape_of(c) == 0 && (also == 0 || static_cast<unsigned char>(c) < 0x80); };
  while (size < text.size() && is_plain(text[size])) ++size;
  return size;
}

void append_escaped(std::string_view text, std::string& to) {
  std::string scratch;
  for (std::string_view rest = as_utf8(text, scratch);;) {
    const std::size_t plain = plain_size<0>(rest);
    to += rest.substr(0, plain);
    if (plain == rest.size()) return;
    const char c = rest[plain], escape = escape_of(c);
    to += '\\';
    to += escape;
    if (escape == 'u') {
      constexpr std::string_view digits = "0123456789abcdef";
      to += {'0', '0', digits[static_cast<std::size_t>(c) >> 4], digits[static_cast<std::size_t>(c) & 15]};
    }
    rest.remove_prefix(plain + 1);
  }
}

}  // namespace

void append_json_string(std::string_view text, std::string& to) {
  to += '"';
  const std::size_t plain = plain_size<highest>(text);
  to += text.substr(0, plain);
  if (plain < text.size()) append_escaped(text.substr(plain), to);
  to += '"';
}

}  // namespace logrelay
