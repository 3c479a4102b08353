#include <logrelay/config.hpp>
#include <logrelay/core/level.hpp>
#include <logrelay/filter/filter.hpp>
#include <logrelay/filter/level.hpp>

#include <fmt/format.h>

#include <algorithm>

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

bool may_have(const input_config& input, level severity) {
  if (!input.kind) return true;  // what is wrong with it is said
  return input.options.text("decode") != "none" || parse_level(input.options.text("default-level")) <= severity;
}

}  // namespace

filter_kind level_filter() { return {.options = rows, .make = make}; }

void check_level(const output_config& output, const std::vector<input_config>& inputs, mistakes& wrong) {
  if (!output.options.knows("level") || !output.options.has("level") || output.from.empty()) return;
  const std::string& asked = output.options.text("level");
  const auto severity = parse_level(asked).value();
  if (std::any_of(output.from.begin(), output.from.end(), [&](std::size_t place) { return may_have(inputs[place], severity); })) return;
  const input_config& first = inputs[output.from.front()];
  const mistakes::at here(wrong, place_of(output.where, "level"));
  wrong.add(fmt::format("output '{}': 'level={}' takes no line at all: input '{}' looks for no level in its lines, and gives them '{}': say how they "
                        "tell theirs, as in '-i {},decode=prefix' (or syslog, or json), or give it another 'default-level'",
                        output.name, asked, first.name, first.options.text("default-level"), first.where.where));
}

}  // namespace logrelay
