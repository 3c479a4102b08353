// The first line of the input is a template, the rest is a line that it formats. Whatever the template: its mistakes
// are told, it can be made all the same, and formats the same line twice in the same way, bounded by what it repeats.
#include "require.hpp"

#include <logrelay/format/format.hpp>
#include <logrelay/format/template.hpp>
#include <logrelay/format/time_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logrelay;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\n'));
  const std::string_view rest = input.substr(std::min(text.size() + 1, input.size()));

  const format_kind kind = template_format();
  mistakes wrong;
  kind.check(text, "output 'fuzz'", wrong);
  for (const std::string& mistake : wrong.texts()) require(mistake.starts_with("output 'fuzz': format '"));

  source from;
  from.decode = decoding::prefix;
  const line_view line(rest, wall_time(std::chrono::seconds(1'795'356'301)), from);
  const auto format = kind.make(text, {});
  std::string once;
  format->append(line, once);
  std::string twice = once;
  format->append(line, twice);
  require(twice == once + once);

  // The longest that few bytes of a template can ask for is a time, or else the line.
  require(once.size() <= text.size() * (strftime_text::longest + rest.size() + 256));
  if (wrong.empty() && text.find_first_of("{}\\") == std::string_view::npos) require(once == text);
  return 0;
}
