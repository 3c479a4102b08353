#pragma once
/// The outputs of a relay, all at once: opened, started, drained and told to leave, each on its own in its own time.
/// Owned by the relay; main thread. Waits for none of them: whoever asks looks again when the relay's wake says so.
#include <logrelay/report.hpp>
#include <logrelay/running_output.hpp>

#include <chrono>
#include <optional>
#include <vector>

namespace logrelay {

class running_outputs {
 public:
  /// Made and connected to the inputs that they take; nothing is opened.
  running_outputs(const std::vector<output_config>& all, const surroundings& in);
  ~running_outputs();  ///< a listener thread that hangs is let go

  /// Opens what has to be there, in order. Throws error that names the output; unprepare() is to be called then too.
  void prepare();
  void unprepare() noexcept;
  void start();

  void reopen();
  void rotate();

  /// The inputs have ended: what is in the queues is all there will be.
  void drain(steady_time now);
  /// Until when drained outputs may go on: each for as long as it has made progress within `patience`, or until `stop_by`,
  /// the one moment for all. One whose lines are all on disk holds nobody up for longer than its stall-after.
  [[nodiscard]] steady_time drain_deadline(steady_time now, std::chrono::milliseconds patience, std::optional<steady_time> stop_by) const;
  /// Nothing is to be taken from the queues any more.
  void abandon();
  /// … and the queues bring what is left to where it is kept.
  void leave();

  [[nodiscard]] bool nobody_takes() const;  ///< every output has ended by itself
  [[nodiscard]] bool all_done() const;
  [[nodiscard]] bool all_left() const;

  [[nodiscard]] const std::string& name_of(std::size_t place) const { return all_[place].config.name; }
  [[nodiscard]] std::vector<output_report> report() const;

 private:
  const surroundings& in_;
  std::vector<running_output> all_;
  std::size_t prepared_ = 0;
  steady_time drain_began_{};
};

}  // namespace logrelay
