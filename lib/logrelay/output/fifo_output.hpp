#pragma once
/// A named pipe. A line is delivered when its reader has read it. Without a reader the lines wait in the queue, and
/// what is in the pipe stays there for the next reader, because we keep our end open: so nothing is sent twice.
#include <logrelay/registry.hpp>

namespace logrelay {

extern const output_kind fifo_output_kind;

}  // namespace logrelay
