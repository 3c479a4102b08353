#pragma once
/// What a new configuration changes of the one in force: which inputs and outputs are the same, and what of the others can
/// be kept. Main thread; no I/O but a look whether two paths are one directory.
#include <logrelay/config.hpp>

#include <string>
#include <vector>

namespace logrelay {

/// It goes on as it is. (What an output takes by `from` is no affair of its own: its lines come by other routes.)
[[nodiscard]] bool is_unchanged(const input_config& before, const input_config& now);
[[nodiscard]] bool is_unchanged(const output_config& before, const output_config& now);

/// The same endpoint and name: with other options its queue goes to the new listener.
[[nodiscard]] bool is_successor(const output_config& before, const output_config& now);
/// … if that is in memory for both, or in the same directory.
[[nodiscard]] bool keeps_queue(const output_config& before, const output_config& now);
/// Options of a queue on disk, which the queue that is kept goes on without, changed or not.
[[nodiscard]] bool changes_disk_queue(const output_config& before, const output_config& now);
/// Both write to one place, so that one has to have closed it before the other opens it.
[[nodiscard]] bool share_an_endpoint(const output_config& one, const output_config& other);
/// The lines of both wait in one directory, which belongs to one at a time.
[[nodiscard]] bool share_a_directory(const output_config& one, const output_config& other);

/// A descriptor that we were started with, or a command's: it can be given up, but neither changed nor opened again.
[[nodiscard]] bool is_inherited(const input_config& input);
[[nodiscard]] bool is_inherited(const output_config& output);

/// The options of the program that are other now, and stay as they were until the next start; `command` among them.
[[nodiscard]] std::vector<std::string> fixed_until_restart(const relay_config& before, const relay_config& now);

}  // namespace logrelay
