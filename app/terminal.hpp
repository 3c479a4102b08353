#pragma once
/// The terminal while a program fills it: keys come one by one, unseen, and the screen from before comes back at any end,
/// also at a signal or a crash; not at a KILL. One at a time. Main thread, which has no other threads.
#include <logrelay/util/fd.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace logrelay {

class terminal {
 public:
  terminal();  ///< throws error where standard input or output is none
  ~terminal();
  terminal(const terminal&) = delete;

  struct size {
    std::size_t width, height;
  };
  [[nodiscard]] size screen() const;
  void show(const std::vector<std::string>& lines) const;

  enum class event { nothing, key, resized, end };
  /// Until something happens or the time is up. Of a key, `key` is which; end: a signal asks for it.
  event wait(std::chrono::milliseconds limit, char& key);

 private:
  fd signals_;
};

}  // namespace logrelay
