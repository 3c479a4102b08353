#pragma once
/// Where the time comes from, so that a test can be its own clock. Immutable and shared by all threads.
#include <chrono>

namespace logrelay {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;  ///< nanoseconds since 1970, UTC

class time_source {
 public:
  virtual ~time_source() = default;
  [[nodiscard]] virtual steady_time now() const { return std::chrono::steady_clock::now(); }
  [[nodiscard]] virtual wall_time wall() const { return std::chrono::system_clock::now(); }
};

}  // namespace logrelay
