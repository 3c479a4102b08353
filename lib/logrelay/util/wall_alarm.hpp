#pragma once
/// A descriptor that is readable once the clock on the wall shows a moment, or has been set: by hand, by NTP's first
/// step, or since the machine slept. Made with the first moment. One thread.
#include <logrelay/util/clock.hpp>
#include <logrelay/util/fd.hpp>

namespace logrelay {

class wall_alarm {
 public:
  /// max(): none. Where there is no descriptor left it stays as it was.
  void set(wall_time when);
  /// Takes back what has made it readable.
  void clear();
  [[nodiscard]] int descriptor() const { return timer_.get(); }  ///< -1 before the first moment

 private:
  fd timer_;
  wall_time when_ = wall_time::max();
};

}  // namespace logrelay
