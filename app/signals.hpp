#pragma once
/// The signals of the program, as a descriptor: all are blocked before the first thread starts, and main reads them one
/// after the other. PIPE is ignored: a closed peer is an error of a write. Main thread.
#include <logrelay/util/fd.hpp>

#include <optional>

namespace logrelay {

struct caught_signal {
  int number;
  bool from_process;  ///< and not from the terminal, whose signals reach every process of the pipeline
};

class signals {
 public:
  /// Blocks them; throws error. `for_command`: also those that mean nothing to us, but maybe to a command that we run.
  explicit signals(bool for_command);
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// The next signal that has come.
  [[nodiscard]] std::optional<caught_signal> next();

 private:
  fd descriptor_;
};

}  // namespace logrelay
