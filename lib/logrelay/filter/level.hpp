#pragma once
/// The option `level`: an output takes the lines that are at least this severe. A line that carries no level has its
/// input's `default-level`.
#include <logrelay/registry.hpp>

#include <vector>

namespace logrelay {

[[nodiscard]] filter_kind level_filter();
/// A mistake where no line could ever be severe enough, since none of the output's inputs finds levels in its lines.
void check_level(const output_config& output, const std::vector<input_config>& inputs, mistakes& wrong);

}  // namespace logrelay
