#include <logrelay/util/columns.hpp>

#include <algorithm>

namespace logrelay {

namespace {

constexpr std::size_t width = 79;  // a terminal of 80 that wraps in its last column stays tidy
constexpr std::size_t right_column = 26;

}  // namespace

void columns::line(std::string_view text) {
  text_ += text;
  text_ += '\n';
}

void columns::paragraph(std::string_view text) { wrap(text, 0, 0); }

void columns::entry(std::size_t indent, std::string_view label, std::string_view text) {
  text_.append(indent, ' ');
  text_ += label;
  std::size_t used = indent + label.size();
  if (used + 2 > right_column) {
    text_ += '\n';
    used = 0;
  }
  wrap(text, right_column, used);
}

/// Breaks lines between words only; `used` columns of the first one are taken.
void columns::wrap(std::string_view words, std::size_t indent, std::size_t used) {
  std::size_t column = used;
  bool first_of_line = true;
  while (!words.empty()) {
    const std::size_t length = std::min(words.find(' '), words.size());
    if (length > 0) {
      if (!first_of_line && column + 1 + length > width) {
        text_ += '\n';
        column = 0;
        first_of_line = true;
      }
      const std::size_t gap = first_of_line ? indent - std::min(indent, column) : 1;
      text_.append(gap, ' ');
      text_ += words.substr(0, length);
      column += gap + length;
      first_of_line = false;
    }
    words.remove_prefix(std::min(length + 1, words.size()));
  }
  text_ += '\n';
}

}  // namespace logrelay
