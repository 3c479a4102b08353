#pragma once
/// The write end of a pipe of our own, non-blocking: what a FIFO and a command's standard input have in common.
#include <logrelay/output/output.hpp>
#include <logrelay/util/fd.hpp>

namespace logrelay {

/// Writes what fits. `retry` when the reader has gone, with an empty reason, which the caller gives.
[[nodiscard]] write_result write_pipe(const fd& pipe, const outgoing& lines);
/// Bytes in the pipe that nobody has read yet (FIONREAD works on the write end too).
[[nodiscard]] std::uint64_t unread_bytes(const fd& pipe);

}  // namespace logrelay
