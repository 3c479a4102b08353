// Any text may stand where an option's name or its value is expected: an input of lines `name=value` against one row
// of each type. What passes has to be within its row's bounds, and what readable_… writes is for people only, so
// there the test is that it writes something for every number.
#include "require.hpp"

#include <logrelay/core/level.hpp>
#include <logrelay/options.hpp>
#include <logrelay/util/quantity.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

using namespace logrelay;

namespace {

constexpr option_row rows[] = {
    {"append", option_type::yes_no, "yes", "Append."},
    {"max-line", option_type::size, "1M", "Longest line.", "", false, "1", "1G"},
    {"queue", option_type::size, "64M", "Memory."},
    {"every", option_type::duration, "", "Rotate.", "", false, "1s"},
    {"keep", option_type::count, "", "Files."},
    {"name", option_type::text, "", "Name."},
    {"from", option_type::text, "", "Inputs.", "", true},
    {"level", option_type::choice, "", "Level.", level_choices},
    {"match", option_type::regex, "", "Lines.", "", true},
    {"mode", option_type::mode, "", "Permissions."},
};

given_options read_lines(std::string_view text) {
  given_options given;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = line.find('=');
    given.push_back({std::string(line.substr(0, equals)), std::string(equals == line.npos ? "" : line.substr(equals + 1))});
  }
  return given;
}

void check_values(const option_values& values) {
  require(values.size("max-line") >= 1 && values.size("max-line") <= 1u << 30);
  if (values.given("every")) require(values.duration("every") >= std::chrono::seconds(1));
  if (values.has("level")) require(parse_level(values.text("level")).has_value());
  require(values.mode("mode") <= 07777);
  require(!values.has("name") || !values.text("name").empty());
  require(!readable_size(values.size("queue")).empty());
  require(!readable_duration(values.duration("every")).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const given_options given = read_lines({reinterpret_cast<const char*>(data), size});
  mistakes wrong;
  const option_values values = parse_options(given, std::array{option_rows(rows)}, "output 'x'", wrong);
  require(wrong.texts().size() <= given.size());
  check_values(values);
  return 0;
}
