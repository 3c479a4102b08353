#include <logrelay/core/level.hpp>
#include <logrelay/filter/filter.hpp>
#include <logrelay/filter/level.hpp>

namespace logrelay {
namespace {

constexpr option_row rows[] = {
    {.name = "level",
     .type = option_type::choice,
     .fallback = {},
     .help = "Takes only lines of this severity or worse; without it, lines of all severities.",
     .choices = level_choices},
};

class at_least final : public filter {
 public:
  explicit at_least(level severity) : severity_(severity) {}
  bool passes(const line_view& line) override { return line.severity() <= severity_; }

 private:
  level severity_;
};

void make(const option_values& options, std::vector<std::unique_ptr<filter>>& filters) {
  if (!options.has("level")) return;
  const auto severity = parse_level(options.text("level"));
  if (severity && severity != level::debug) filters.push_back(std::make_unique<at_least>(*severity));  // debug: all
}

}  // namespace

filter_kind level_filter() { return {.options = rows, .make = make}; }

}  // namespace logrelay
