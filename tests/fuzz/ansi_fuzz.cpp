// Stripping takes bytes out and does nothing else: what is left holds no ESC, stands in the line in this order, and a
// line without ESC is left alone.
#include "require.hpp"

#include <logrelay/format/ansi.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

bool stands_in(std::string_view part, std::string_view whole) {
  for (const char c : part) {
    const std::size_t found = whole.find(c);
    if (found == std::string_view::npos) return false;
    whole.remove_prefix(found + 1);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  std::string stripped;
  logrelay::append_without_ansi(line, stripped);

  require(stripped.find('\x1b') == std::string::npos);
  require(stands_in(stripped, line));
  if (line.find('\x1b') == std::string_view::npos) require(stripped == line);

  std::string again;
  logrelay::append_without_ansi(stripped, again);
  require(again == stripped);
  return 0;
}
