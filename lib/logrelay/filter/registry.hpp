#pragma once
#include <logrelay/registry.hpp>

#include <vector>

namespace logrelay {

/// The filters that logrelay itself brings, in the order in which a line meets them: the cheap one first.
[[nodiscard]] std::vector<filter_kind> standard_filters();

}  // namespace logrelay
