#pragma once
/// The option `level`: an output takes the lines that are at least this severe. A line that carries no level has its
/// input's `default-level`.
#include <logrelay/registry.hpp>

namespace logrelay {

[[nodiscard]] filter_kind level_filter();

}  // namespace logrelay
