#pragma once
/// Follows the files that a pattern matches, on a thread of its own: a slow disk must not hold up the sockets, and nobody
/// can wait for a regular file with epoll. Owned by a tail's input; made, told to stop and destroyed in the reader's thread,
/// told to leave by main.
///
/// Its life has two parts: it reads, until it is told to stop; then it notes in the checkpoint what the outputs still
/// settle, until it is told to leave. A read can hang for ever (a network file system) and cannot be interrupted, so the
/// thread shares what it touches with its owner, who can let it go: it publishes nothing afterwards.
///
/// What it does about each change:
///     a name leads to another file     the old one is read to its end, then those that it missed in between (files beside
///                                      it with the name of a rotated one, written to since), then the new one
///     no name leads to a file          it is still read until `linger` has passed without a line: its writer may not know
///     a file is shorter, or other      it was truncated: see tailed_file
///     a reload has other options       another follower comes, which goes on where this one has read to, with the same open
///                                      files; what outputs have not settled of that, the checkpoint still begins with
/// A file whose name changes to another that the pattern matches is just followed under that one.
#include <logrelay/input/input.hpp>
#include <logrelay/input/reader.hpp>
#include <logrelay/input/tail/checkpoint.hpp>
#include <logrelay/input/tail/watches.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace logrelay {

struct tail_rules {
  std::string pattern;
  bool from_end = false;  ///< files that are there at the first start are followed from their end
  std::chrono::milliseconds linger{5000};
  std::size_t most_files = 1024;  ///< that are open at once
};

struct left_files;

class follower {
 public:
  /// What it leaves to the one that comes instead.
  struct legacy {
    std::unique_ptr<left_files> files;
    std::unique_ptr<checkpoint_file> checkpoint;
  };

  /// `on_end` is called in its thread, after the last line was published.
  /// `before`: null, or what another one left.
  follower(reader& at, input& of, tail_rules rules, watches watching, std::unique_ptr<checkpoint_file> checkpoint, std::unique_ptr<left_files> before,
           std::function<void()> on_end);
  ~follower();  ///< lets a thread go that has not ended
  /// Ends it, and waits for that: nothing is written any more then. One that hangs is let go after two seconds.
  void abandon();
  /// Reads what is there now, as far as there is room, and ends.
  void stop();
  /// Before that: what no path leads to any more is not at its end, somebody else goes on with it.
  void keep_open();
  /// From now on nothing is published; what is settled is still noted.
  void silence();
  /// Nothing more will be settled: writes the checkpoint for the last time, then calls `on_left`. Main thread.
  void leave(std::function<void()> on_left);
  [[nodiscard]] bool left() const;
  /// Then, once.
  [[nodiscard]] legacy hand_over();

 private:
  void let_go();

  struct state;
  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace logrelay
