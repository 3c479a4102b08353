#pragma once
/// LOGRELAY_…: what the environment says where the command line says nothing. Pure but for environ(7); main thread.
#include <logrelay/options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace logrelay {

/// The value of an option that the command line leaves to the environment; an empty variable is none, and those of `help` and
/// `version` are not ours: images often set the latter. Checked here, where it is known that the mistake, if it is one, is
/// in a variable.
[[nodiscard]] std::optional<std::string> from_environment(const option_row& row, mistakes& wrong);

/// For each variable whose name is near to that of an option, and none of them, what to ask who set it. All others of the
/// prefix are somebody else's.
[[nodiscard]] std::vector<std::string> doubtful_variables(const std::vector<option_row>& rows);

}  // namespace logrelay
