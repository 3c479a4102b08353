#pragma once
// The zone of local time while a test wants it to be a certain one.
#include <cstdlib>
#include <ctime>
#include <string>

namespace logrelay {

class local_zone {
 public:
  explicit local_zone(const char* zone) {
    const char* const was = std::getenv("TZ");
    had_ = was != nullptr;
    if (had_) before_ = was;
    set(zone);
  }
  ~local_zone() { set(had_ ? before_.c_str() : nullptr); }
  local_zone(const local_zone&) = delete;

 private:
  // What a decoder remembers of the last hour is of the zone before: another hour makes it forget.
  static void set(const char* zone) {
    zone ? ::setenv("TZ", zone, 1) : ::unsetenv("TZ");
    ::tzset();
    forget();
  }
  static void forget();
  bool had_ = false;
  std::string before_;
};

}  // namespace logrelay
