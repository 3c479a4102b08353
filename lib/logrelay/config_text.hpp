#pragma once
/// A configuration written as the file that config_file reads: what --print-config prints. Main thread, no I/O.
#include <logrelay/config.hpp>

#include <string>

namespace logrelay {

/// Every option that was given, wherever that was, and every endpoint; reading it gives the same configuration. A mistake
/// where a value cannot stand in TOML, which is UTF-8.
[[nodiscard]] std::string to_toml(const relay_config& config, mistakes& wrong);

}  // namespace logrelay
