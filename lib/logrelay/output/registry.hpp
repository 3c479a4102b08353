#pragma once
#include <logrelay/registry.hpp>

namespace logrelay {

/// The outputs that logrelay brings, in the order of --help.
[[nodiscard]] std::vector<output_kind> standard_outputs();

}  // namespace logrelay
