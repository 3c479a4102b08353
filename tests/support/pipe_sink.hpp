#pragma once
/// Reads the end of a pipe or FIFO on a thread of its own, at the pace that a test asks. Any thread may ask; the one
/// that made it ends it.
#include <logrelay/util/fd.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>

namespace logrelay::support {

class pipe_sink {
 public:
  static constexpr auto unpaced = std::numeric_limits<std::uint64_t>::max();

  explicit pipe_sink(fd reading, std::uint64_t bytes_a_second = unpaced);
  /// A FIFO that exists: opened for reading without waiting for a writer, and kept open when writers leave.
  explicit pipe_sink(const std::string& fifo, std::uint64_t bytes_a_second = unpaced);
  ~pipe_sink();
  pipe_sink(const pipe_sink&) = delete;
  pipe_sink& operator=(const pipe_sink&) = delete;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::string text() const;
  /// Every writer has closed it (never so for a FIFO).
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  void read_on();

  fd reading_;
  fd wake_;
  std::uint64_t bytes_a_second_;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<bool> ended_ = false;
  mutable std::mutex mutex_;
  std::string text_;
  std::thread thread_;
};

}  // namespace logrelay::support
