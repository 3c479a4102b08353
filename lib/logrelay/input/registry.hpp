#pragma once
#include <logrelay/registry.hpp>

namespace logrelay {

/// The inputs that logrelay brings, in the order of --help.
[[nodiscard]] std::vector<input_kind> standard_inputs();

}  // namespace logrelay
