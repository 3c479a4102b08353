#pragma once
/// What every kind of input owes the relay. A kind shows how a peer writes to it; the contract does the rest, each time
/// with a real reader and a real queue.
#include <support/lines.hpp>
#include <support/reading.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace logrelay {

/// One peer and the input that it writes to.
class input_peer {
 public:
  virtual ~input_peer() = default;
  [[nodiscard]] virtual std::string endpoint() const = 0;
  /// The input listens; called before the first write.
  virtual void connect(support::reading&) {}
  /// Whole lines. Waits as long as it has to.
  virtual void write(std::string_view lines) = 0;
  /// It learns which of its lines are safe, and sends the others again.
  [[nodiscard]] virtual bool is_answered() const { return false; }
  /// Says goodbye. Whether the input ends with it.
  virtual bool leave() = 0;
};

/// Runs the contract's sections; to be called from a TEST_CASE.
void check_input_contract(const std::function<std::unique_ptr<input_peer>()>& make);

}  // namespace logrelay
