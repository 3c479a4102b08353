#pragma once
/// Standard input (`-`), an inherited descriptor (`fd:N`) and a named pipe (`fifo:PATH`). A regular file, which nobody
/// can wait for, is read on a thread of its own. Inherited descriptors keep their flags.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const input_kind stdin_input_kind, fd_input_kind, fifo_input_kind;

}  // namespace logrelay
