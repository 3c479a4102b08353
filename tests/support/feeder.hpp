#pragma once
/// The fast writer of the benchmarks: a child process that writes the same prepared text over and over into one or
/// more descriptors, and costs as little as a writer can. Both sides of a comparison are fed by it.
#include <support/stream.hpp>

#include <logrelay/util/fd.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay::support {

class feeder {
 public:
  /// Writes `bytes` in all of `text`'s whole repetitions and a part that ends at a line's end, `write_bytes` a write,
  /// an equal share into each descriptor. It takes them: they are closed here at once, and there at its end.
  /// Fork without exec: our threads must hold no lock that write(2) needs, which none does.
  feeder(std::vector<fd> into, std::string_view text, std::uint64_t bytes, std::size_t write_bytes = 1 << 16);
  ~feeder();
  feeder(const feeder&) = delete;
  feeder& operator=(const feeder&) = delete;

  /// What each descriptor gets: `bytes`' share, cut back to a line's end of the text.
  [[nodiscard]] static std::uint64_t share(std::string_view text, std::uint64_t bytes, std::size_t descriptors);

  /// Waits for its end, and tells the CPU time that it took. Throws where it could not write all.
  std::chrono::microseconds finish();

 private:
  pid_t id_ = 0;
};

/// What it cost to bring a feeder's lines through a program.
struct cost {
  double seconds = 0;      ///< from the first write to the program's end
  double cpu_seconds = 0;  ///< the program's and the feeder's
  int status = 0;          ///< its exit code
};
/// Feeds a program's stdin through a pipe of the usual size until its end. Throws where it does not end by itself.
[[nodiscard]] cost feed_through(const std::vector<std::string>& argv, const stream& output, std::string_view text,
                                std::uint64_t bytes, std::size_t write_bytes);

}  // namespace logrelay::support
