#include <logrelay/util/json.hpp>

#include <logrelay/util/utf8.hpp>

#include <fmt/format.h>

#include <iterator>

namespace logrelay {

void append_json_string(std::string_view text, std::string& to) {
  std::string scratch;
  to += '"';
  for (const char c : as_utf8(text, scratch)) {
    switch (c) {
      case '"': to += "\\\""; break;
      case '\\': to += "\\\\"; break;
      case '\n': to += "\\n"; break;
      case '\r': to += "\\r"; break;
      case '\t': to += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(c));
        else
          to += c;
    }
  }
  to += '"';
}

}  // namespace logrelay
