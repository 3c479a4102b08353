#pragma once
/// What every kind of output owes the relay. A kind shows its other side; the contract does the rest, each time with a
/// real listener and a real queue.
#include <support/lines.hpp>
#include <support/sending.hpp>

#include <functional>
#include <memory>
#include <string>

namespace logrelay {

/// The other side of an output.
class output_peer {
 public:
  virtual ~output_peer() = default;
  [[nodiscard]] virtual std::string endpoint() const = 0;
  /// What has arrived, each line with a newline.
  [[nodiscard]] virtual std::string text() = 0;
  /// One that took nothing begins to.
  virtual void wake_up() {}
};

/// Runs the contract's sections; to be called from a TEST_CASE. `make(true)` is a peer that is there and takes nothing
/// until it wakes up; null where the kind knows none.
void check_output_contract(const std::function<std::unique_ptr<output_peer>(bool hangs)>& make);

}  // namespace logrelay
