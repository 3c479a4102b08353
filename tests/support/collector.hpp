#pragma once
/// Reads a process's stdout and stderr into memory on a thread of its own, so that the process never waits for us,
/// however much it writes and whatever the test does meanwhile. Any thread may look.
#include <logrelay/util/fd.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace logrelay::support {

class collector {
 public:
  /// Either may be empty: nothing is collected from it.
  collector(fd output, fd error);
  ~collector();
  collector(const collector&) = delete;
  collector& operator=(const collector&) = delete;

  [[nodiscard]] std::string text(std::size_t which) const;
  /// Waits until all that is in the pipes now has been read. A grandchild may go on writing.
  void settle(std::chrono::milliseconds limit);

 private:
  void collect();
  bool take_what_is_ready(int timeout_ms);

  std::array<fd, 2> pipes_;
  fd wake_;
  mutable std::mutex mutex_;
  std::condition_variable settled_;
  std::array<std::string, 2> texts_;
  bool settling_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace logrelay::support
