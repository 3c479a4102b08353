#pragma once
/// Runs `sh -c COMMAND sh FILE`, with FILE in LOGRELAY_FILE too, no input, our standard error for both its outputs, and
/// the limits, signals and descriptors that we were started with, in a process group of its own. Upkeep's thread.
#include <logrelay/util/waiter.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace logrelay {

/// Its wait status; nothing where the waiter was told to stop first: the command goes on without us. One that has not
/// ended after `most` is ended, with all of its group: by TERM, and a while later by KILL. Throws error where it cannot
/// be started.
std::optional<int> run_hook(const std::string& command, const std::string& file, std::chrono::milliseconds most, waiter& until);

}  // namespace logrelay
