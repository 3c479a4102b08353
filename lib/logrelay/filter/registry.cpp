#include <logrelay/filter/level.hpp>
#include <logrelay/filter/match.hpp>
#include <logrelay/filter/registry.hpp>

namespace logrelay {

std::vector<filter_kind> standard_filters() { return {level_filter(), match_filter()}; }

}  // namespace logrelay
