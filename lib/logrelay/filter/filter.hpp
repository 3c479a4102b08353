#pragma once
/// Which lines an output takes. A filter belongs to one listener and its thread; no I/O, never fails.
#include <logrelay/format/format.hpp>

namespace logrelay {

class filter {
 public:
  virtual ~filter() = default;
  [[nodiscard]] virtual bool passes(const line_view& line) = 0;
};

}  // namespace logrelay
