#include <logrelay/util/json.hpp>

#include <logrelay/util/utf8.hpp>

#include <array>
#include <cstddef>

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

}  // namespace

void append_json_string(std::string_view text, std::string& to) {
  std::string scratch;
  std::string_view rest = as_utf8(text, scratch);
  to += '"';
  while (!rest.empty()) {
    std::size_t plain = 0;
    while (plain < rest.size() && escape_of(rest[plain]) == 0) ++plain;
    to += rest.substr(0, plain);
    if (plain == rest.size()) break;
    const char c = rest[plain], escape = escape_of(c);
    to += '\\';
    to += escape;
    if (escape == 'u') {
      constexpr std::string_view digits = "0123456789abcdef";
      to += {'0', '0', digits[static_cast<std::size_t>(c) >> 4], digits[static_cast<std::size_t>(c) & 15]};
    }
    rest.remove_prefix(plain + 1);
  }
  to += '"';
}

}  // namespace logrelay
