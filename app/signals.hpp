#pragma once
/// The signals of the program, as a descriptor: all are blocked before the first thread starts, and main reads them one
/// after the other. PIPE is ignored: a closed peer is an error of a write. Main thread.
#include <logrelay/util/fd.hpp>

#include <optional>

namespace logrelay {

class signals {
 public:
  signals();  ///< blocks them; throws error
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// The next signal that has come.
  [[nodiscard]] std::optional<int> next();

 private:
  fd descriptor_;
};

}  // namespace logrelay
