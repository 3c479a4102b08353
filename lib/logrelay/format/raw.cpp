#include <logrelay/format/format.hpp>
#include <logrelay/format/raw.hpp>

namespace logrelay {

format_kind raw_format() {
  return {
      .name = "raw",
      .summary = "the line as it came",
      .matches = [](std::string_view text) { return text == "raw"; },
      .check = [](std::string_view, std::string_view, mistakes&) {},
      .make = [](std::string_view, const option_values&) { return std::unique_ptr<format>(); },
  };
}

}  // namespace logrelay
