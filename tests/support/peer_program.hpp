#pragma once
/// Where a program of syslog-ng is: installed, or in the folder that packaging/test.sh unpacks it into, since its package
/// cannot stand beside rsyslog's.
#include <map>
#include <optional>
#include <string>

namespace logrelay::support {

struct peer_program {
  std::string path;
  std::map<std::string, std::string> environment;
  std::string modules;  ///< empty: where it looks anyway
};
/// Nothing where it is not there or does not run; `why` tells which.
[[nodiscard]] std::optional<peer_program> find_syslog_ng(const std::string& name, std::string& why);

}  // namespace logrelay::support
