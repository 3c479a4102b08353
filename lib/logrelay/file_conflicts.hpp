#pragma once
/// Regular files that two ends of one relay would have in common, by whatever name each knows it: two outputs would tear
/// or overwrite each other's lines, and an input would read for ever what an output writes. Looks at files and descriptors
/// as they are now, opens nothing. Of two outputs to a file that is not there yet config_conflicts tells where both spell it
/// alike, and else its lock (output/file/live_file).
#include <logrelay/config.hpp>

#include <vector>

namespace logrelay {

/// Mistakes of outputs that write one file.
void check_files(const std::vector<output_config>& outputs, mistakes& wrong);
/// The same, and those of inputs that read what an output writes which takes their lines.
void check_files(const std::vector<input_config>& inputs, const std::vector<output_config>& outputs, mistakes& wrong);

}  // namespace logrelay
