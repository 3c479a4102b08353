#pragma once
/// Runs `sh -c COMMAND sh FILE`, with FILE in LOGRELAY_FILE too, no input, our standard error for both its outputs, and
/// the limits, signals and descriptors that we were started with. Upkeep's thread.
#include <logrelay/util/waiter.hpp>

#include <optional>
#include <string>

namespace logrelay {

/// Its wait status; nothing where the waiter was told to stop first: the command goes on without us. Throws error where
/// it cannot be started.
std::optional<int> run_hook(const std::string& command, const std::string& file, waiter& until);

}  // namespace logrelay
