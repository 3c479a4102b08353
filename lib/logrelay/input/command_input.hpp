#pragma once
/// What the command that we run (logrelay … -- COMMAND) writes to its standard output and to its standard error: a pipe
/// each, read to its end, whatever signals come; the order between the two is that of reading.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind stdout_input_kind, stderr_input_kind;

/// Whether the input is one of the two.
[[nodiscard]] bool reads_command(const input_config& config);

}  // namespace logrelay
