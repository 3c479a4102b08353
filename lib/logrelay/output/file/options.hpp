#pragma once
/// The options of a file output, and what they mean together. Main thread, before the start.
#include <logrelay/config.hpp>
#include <logrelay/output/file/rules.hpp>

namespace logrelay {

[[nodiscard]] option_rows file_option_rows();
void check_file_options(const output_config& config, mistakes& wrong);
/// Of options that have been checked.
[[nodiscard]] file_rules read_file_rules(const output_config& config);

}  // namespace logrelay
