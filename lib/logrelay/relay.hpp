#pragma once
/// The relay: owns inputs, reader, queue handler, queues and listeners, starts them in the order of the flow and stops
/// them in reverse. Main thread only.
///
///     relay one(config, known, say);
///     one.start();                       // opens everything, or throws and leaves nothing behind
///     while (!one.over()) { poll(…, one.descriptor(), until); until = one.step(); }
///     … one.report() …
#include <logrelay/config.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/report.hpp>

#include <memory>
#include <string>
#include <vector>

namespace logrelay {

class relay {
 public:
  relay(const relay_config& config, const registries& known, messages& say, const time_source& clock);
  /// Gives up what still runs; a listener thread that hangs is let go.
  ~relay();

  /// Throws error when something that has to be there is not; nothing runs then, and nothing new is left behind.
  void start();
  /// Readable when something has happened that step() should see.
  [[nodiscard]] int descriptor() const;
  /// Goes on to the next phase if it is time. Returns when to call it again at the latest; max(): when descriptor() says.
  steady_time step();
  [[nodiscard]] bool over() const;

  /// TERM or INT: the inputs end, the queues are drained, all within the drain timeout.
  void stop(stop_kind how);
  /// A second TERM or INT: nothing more is waited for.
  void stop_now();
  void reopen();
  void rotate();

  /// The balance at this moment.
  [[nodiscard]] relay_report report() const;
  /// What was lost or left, in words, one sentence for each output that it concerns.
  [[nodiscard]] std::vector<std::string> losses() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace logrelay
