#include <logrelay/format/frame.hpp>

#include <charconv>
#include <limits>

namespace logrelay {
namespace {

void append_terminated(std::string_view message, char terminator, std::string_view escape, std::string& to) {
  for (;;) {
    const std::size_t inside = message.find(terminator);  // a memchr
    to += message.substr(0, inside);
    if (inside == std::string_view::npos) break;
    to += escape;
    message.remove_prefix(inside + 1);
  }
  to += terminator;
}

void append_counted(std::string_view message, std::string& to) {
  char digits[std::numeric_limits<std::size_t>::digits10 + 1];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), message.size()).ptr;
  to.append(digits, end);
  to += ' ';
  to += message;
}

}  // namespace

void append_framed(std::string_view message, framing frames, std::string& to) {
  switch (frames) {
    case framing::newline:
      if (message.ends_with('\n')) message.remove_suffix(1);  // what ends the message ends the line
      return append_terminated(message, '\n', "\\n", to);
    case framing::nul: return append_terminated(message, '\0', "\\x00", to);
    case framing::octet: return append_counted(message, to);
  }
}

}  // namespace logrelay
