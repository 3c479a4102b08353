#pragma once
/// A program that writes its log at a steady pace, one line a write, and suffers what its log's reader makes it
/// suffer: every write is timed. A line that is late is written at once, so a stall shows as one slow write and not as
/// a slower pace. Works on a thread of its own; any thread may ask.
#include <logrelay/util/fd.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace logrelay::support {

struct latencies {
  std::chrono::nanoseconds least{}, median{}, p99{}, greatest{};
  std::uint64_t count = 0;
};
/// Sorts what it is given.
[[nodiscard]] latencies latencies_of(std::vector<std::chrono::nanoseconds> samples);

class pacer {
 public:
  /// Lines are numbered_lines from 0, `length` bytes each.
  struct pace {
    std::uint64_t lines = 1000;
    std::uint64_t lines_a_second = 1000;  ///< 0: as fast as they are taken
    std::size_t length = 120;
  };

  /// Takes the writing end of a pipe or a socket, and closes it when told to.
  pacer(fd writing, pace how);
  ~pacer();
  pacer(const pacer&) = delete;
  pacer& operator=(const pacer&) = delete;

  [[nodiscard]] std::uint64_t written_lines() const { return written_; }
  [[nodiscard]] std::uint64_t written_bytes() const { return written_ * pace_.length; }
  [[nodiscard]] bool finished() const { return finished_; }
  /// Waits for the last line; false when `limit` passes first.
  [[nodiscard]] bool wait(std::chrono::milliseconds limit) const;
  /// Gives up what is not yet written, and waits for the thread.
  void stop();
  /// stop(), and the reader sees the end.
  void close();

  /// For how long line `number`, which is written, has been so.
  [[nodiscard]] std::chrono::nanoseconds age(std::uint64_t number) const;
  /// Of the oldest line that is written and not within the first `arrived_bytes`; zero where there is none.
  [[nodiscard]] std::chrono::nanoseconds lag(std::uint64_t arrived_bytes) const;
  /// How long the write that now waits has waited.
  [[nodiscard]] std::chrono::nanoseconds waiting() const;
  /// Of all writes so far; exact once finished or stopped.
  [[nodiscard]] latencies writes() const;

 private:
  void write_on();
  bool write_line(std::uint64_t number);

  fd writing_;
  fd stop_;
  pace pace_;
  std::string text_;
  std::vector<std::atomic<std::int64_t>> written_at_;  ///< steady nanoseconds
  std::vector<std::atomic<std::int64_t>> took_;        ///< nanoseconds
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::int64_t> began_write_ = 0;  ///< 0: none under way
  std::atomic<bool> finished_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace logrelay::support
