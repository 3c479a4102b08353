#include <logrelay/filter/filter.hpp>
#include <logrelay/filter/match.hpp>
#include <logrelay/util/utf8.hpp>

#include <re2/re2.h>

#include <algorithm>

namespace logrelay {
namespace {

constexpr option_row rows[] = {
    {.name = "match",
     .type = option_type::regex,
     .fallback = {},
     .help = "Takes only lines in which this regular expression, or another 'match', finds something.",
     .repeatable = true},
    {.name = "reject",
     .type = option_type::regex,
     .fallback = {},
     .help = "Leaves out lines in which this regular expression finds something.",
     .repeatable = true},
};

re2::StringPiece piece_of(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options regex_options() {
  RE2::Options options;
  options.set_log_errors(false);  // stderr has one owner, who is not RE2
  options.set_never_capture(true);
  return options;
}

using regexes = std::vector<std::unique_ptr<const RE2>>;

regexes compile(const std::vector<std::string>& patterns) {
  regexes compiled;
  for (const std::string& pattern : patterns) compiled.push_back(std::make_unique<RE2>(pattern, regex_options()));
  return compiled;
}

bool any_finds(const regexes& patterns, std::string_view line) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const auto& pattern) { return RE2::PartialMatch(piece_of(line), *pattern); });
}

class selection final : public filter {
 public:
  selection(regexes match, regexes reject) : match_(std::move(match)), reject_(std::move(reject)) {}

  bool passes(const line_view& line) override {
    const std::string_view text = as_utf8(line.line(), scratch_);
    return (match_.empty() || any_finds(match_, text)) && !any_finds(reject_, text);
  }

 private:
  regexes match_;
  regexes reject_;
  std::string scratch_;
};

void make(const option_values& options, std::vector<std::unique_ptr<filter>>& filters) {
  regexes match = compile(options.all("match"));
  regexes reject = compile(options.all("reject"));
  if (match.empty() && reject.empty()) return;
  filters.push_back(std::make_unique<selection>(std::move(match), std::move(reject)));
}

}  // namespace

filter_kind match_filter() { return {.options = rows, .make = make}; }

std::string regex_mistake(std::string_view pattern) {
  const RE2 compiled(piece_of(pattern), regex_options());
  return compiled.ok() ? std::string() : compiled.error();
}

}  // namespace logrelay
