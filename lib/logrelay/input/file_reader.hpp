#pragma once
/// Reads a regular file to its end, on a thread of its own, so that a slow disk does not hold up the sockets. Owned by
/// an input; made, told to stop and destroyed in the reader's thread.
#include <logrelay/input/input.hpp>
#include <logrelay/input/reader.hpp>
#include <logrelay/util/fd.hpp>
#include <logrelay/util/waiter.hpp>

#include <functional>
#include <thread>

namespace logrelay {

class file_reader {
 public:
  /// `on_end` is called in the file's thread, after the last line was published.
  file_reader(reader& at, input& of, fd file, std::function<void()> on_end);
  ~file_reader();  ///< stops at the next read and joins
  void stop() { wait_.stop(); }

 private:
  void run();
  [[nodiscard]] std::size_t wait_for_room();

  reader& reader_;
  input& input_;
  fd file_;
  std::function<void()> on_end_;
  wake wake_;
  waiter wait_;
  block_pool pool_;
  read_memory memory_;
  std::thread thread_;
};

}  // namespace logrelay
