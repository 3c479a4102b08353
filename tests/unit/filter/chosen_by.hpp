#pragma once
// The vocabulary of the tests of filters: an output's options, and whether the filters they ask for take a line.
#include <catch2/catch.hpp>
#include <logrelay/filter/filter.hpp>
#include <logrelay/filter/registry.hpp>

#include <algorithm>
#include <initializer_list>

#include "../format/line_of.hpp"

namespace logrelay {

class chosen_by {
 public:
  chosen_by(std::initializer_list<given_options::value_type> given) {
    const auto kinds = standard_filters();
    std::vector<option_rows> tables;
    for (const filter_kind& kind : kinds) tables.push_back(kind.options);
    mistakes wrong;
    const option_values values = parse_options(given_options(given), tables, "output 'a.log'", wrong);
    REQUIRE(wrong.texts() == std::vector<std::string>());
    for (const filter_kind& kind : kinds) kind.make(values, filters_);
  }

  [[nodiscard]] bool takes(const line_of& line) const {
    const line_view view = line.view();
    return std::all_of(filters_.begin(), filters_.end(), [&](const auto& each) { return each->passes(view); });
  }
  [[nodiscard]] bool takes(std::string text) const { return takes(line_of(std::move(text)).with_prefixes()); }
  [[nodiscard]] std::size_t filters() const { return filters_.size(); }

 private:
  std::vector<std::unique_ptr<filter>> filters_;
};

}  // namespace logrelay
