#pragma once
/// The option rows that no single kind of input or output has: the program's own, and those that all inputs, or all outputs,
/// have in common. They feed the parsers, the help and the completions, and tests compare the man pages with them.
#include <logrelay/registry.hpp>

#include <string_view>
#include <vector>

namespace logrelay {

/// The program's options by their long names: rows as for endpoints. `timestamp` is yes, no, or the format of a time.
[[nodiscard]] option_rows global_rows();
/// The choices of two of the rows that every input has, for kinds with other defaults.
inline constexpr std::string_view decode_choices = "none|prefix|syslog|json";
inline constexpr std::string_view input_framing_choices = "newline|nul|octet|auto";
/// Rows that every input has.
[[nodiscard]] option_rows common_input_rows();
/// Rows that every output has, those of the filters left out.
[[nodiscard]] option_rows common_output_rows();

/// All rows of outputs of this kind: those that every output has, of spools, filters and formats too; a later one of the
/// same name replaces an earlier.
[[nodiscard]] std::vector<option_rows> output_tables(const output_kind& kind, const registries& known);

}  // namespace logrelay
