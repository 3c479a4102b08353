#pragma once
/// A command's standard input. A line is delivered when the command has read it; one that dies is started again, and
/// what it had not read is sent again from a line's start. At the end its input is closed, and it is waited for.
/// Nothing ever kills it.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind exec_output_kind;

}  // namespace logrelay
