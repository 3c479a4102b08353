#pragma once
/// What no two inputs, and no two outputs, can both have: a descriptor, a file, a spool's directory. Main thread, no I/O.
#include <logrelay/config.hpp>

#include <string>
#include <vector>

namespace logrelay {

/// Of inputs that read the same, or what `command` (none: empty) reads; and a command's outputs where there is none.
void check_conflicts(const std::vector<input_config>& inputs, const std::vector<std::string>& command, mistakes& wrong);
/// Of outputs that write to the same.
void check_conflicts(const std::vector<output_config>& outputs, mistakes& wrong);

}  // namespace logrelay
