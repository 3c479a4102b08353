#pragma once
/// logrelayctl top: a live view of one relay, or one frame of it. Main thread.
#include <span>
#include <string>

namespace logrelay {

/// `words`: [--once] [ADDR], where ADDR is what --metrics took, or a process number. Returns the exit status.
int show_top(std::span<const std::string> words);

}  // namespace logrelay
