#include <logrelay/format/token.hpp>

#include <charconv>
#include <iterator>

namespace logrelay {

void append_priority(int priority, std::string& to) {
  char digits[8];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), priority).ptr;
  to += '<';
  to.append(digits, end);
  to += '>';
}

void append_printable(std::string_view text, std::size_t most, std::string_view forbidden, std::string& to) {
  if (text.empty()) {
    to += '-';
    return;
  }
  for (const char c : text.substr(0, most)) to += c > ' ' && c < 0x7f && forbidden.find(c) == std::string_view::npos ? c : '_';
}

}  // namespace logrelay
