#pragma once
/// The fast writer of the benchmarks: a child process that writes the same prepared text over and over into one or
/// more descriptors, and costs as little as a writer can. Both sides of a comparison are fed by it.
#include <logrelay/util/fd.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
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

}  // namespace logrelay::support
