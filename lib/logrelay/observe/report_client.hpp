#pragma once
/// Asks a relay for its report, as logrelayctl does. One request, one thread, a deadline for all of it.
#include <logrelay/observe/place.hpp>

#include <chrono>
#include <string>

namespace logrelay {

struct fetched {
  std::string body{};   ///< of a 200
  std::string error{};  ///< why there is none; empty: there is
  bool gone = false;    ///< nobody listens there any more
};

/// GET `path` (like "/report") from `at`, a unix socket or TCP address.
[[nodiscard]] fetched fetch(const metrics_address& at, std::string_view path, std::chrono::milliseconds limit);

}  // namespace logrelay
