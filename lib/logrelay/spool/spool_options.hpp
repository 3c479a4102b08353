#pragma once
/// The options with which an output has a spool or a spill. Main thread, before the start; no I/O.
#include <logrelay/config.hpp>
#include <logrelay/spool/spool_queue.hpp>

#include <optional>

namespace logrelay {

[[nodiscard]] option_rows spool_rows();
/// Says what is wrong with them, if both directories are asked for, or sizes do not go together.
void check_spool(const output_config& output, mistakes& wrong);
/// Nothing where the output has neither. `folder`: the directory.
struct spool_request {
  std::string folder;
  spool_rules rules;
};
[[nodiscard]] std::optional<spool_request> spool_of(const option_values& options, const queue_rules& memory);

}  // namespace logrelay
