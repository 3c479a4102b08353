#pragma once
/// Reads a regular file to its end, on a thread of its own, so that a slow disk does not hold up the sockets. Owned by
/// an input; made, told to stop and destroyed in the reader's thread.
///
/// A read of a file can hang for ever (a network file system) and cannot be interrupted, so the thread shares what it
/// touches with its owner, who can let it go: it publishes nothing afterwards, and ends when its read does.
#include <logrelay/input/input.hpp>
#include <logrelay/input/reader.hpp>
#include <logrelay/util/fd.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace logrelay {

class file_reader {
 public:
  /// `on_end` is called in the file's thread, after the last line was published.
  file_reader(reader& at, input& of, fd file, std::function<void()> on_end);
  ~file_reader();  ///< lets a thread go that has not ended
  /// Stops after the read that is going on. A line that a regular file has been read to the middle of is not published,
  /// but left in the file for whoever reads on.
  void stop();

 private:
  struct state;
  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace logrelay
