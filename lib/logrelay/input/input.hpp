#pragma once
/// An input: where lines come from. Opened by the main thread before anything runs; from start() on it lives in the
/// reader's thread, which calls everything but the counters.
///
/// A new kind is one pair of files that implements this, and one row in the registry.
#include <logrelay/core/hold_times.hpp>
#include <logrelay/core/line_framer.hpp>
#include <logrelay/util/fd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logrelay {

class reader;
struct input_config;

enum class stop_kind : std::uint8_t {
  terminate,  ///< read what is ready, once, and end
  interrupt,  ///< the same, but a standard input that is a pipe is read to its end: its writer is stopping too
};

/// Who a unix peer is, as the kernel vouches for it (unix(7)); -1: not known.
struct peer_credentials {
  std::int64_t pid = -1;
  std::int64_t uid = -1;
  friend bool operator==(const peer_credentials&, const peer_credentials&) = default;
};

class input {
 public:
  /// `index` is its place among the inputs; set by the relay before prepare().
  explicit input(const input_config& config);
  input(const input&) = delete;
  virtual ~input() = default;

  /// Main thread, before a reload ends it: another one will come instead, and may take over what it has at its end.
  virtual void expect_successor() {}
  /// Main thread, before prepare(): a reload ends `before`, and this one may come instead of it.
  virtual void take_over(input& before) { static_cast<void>(before); }
  /// Main thread: opens what has to be there at the start. Throws error.
  virtual void prepare() {}
  /// Main thread, instead of the start, when this or something else could not be prepared: removes what prepare() made.
  virtual void unprepare() noexcept {}

  /// Main thread, once, after prepare(): where a command is to write what this input reads. Most inputs have nothing such.
  [[nodiscard]] virtual fd writing_end() { return {}; }

  /// Begins to read. It calls reader.ended(*this) once, when there will be no more lines and nothing of it is left at the
  /// reader but what is just being unwound.
  virtual void start(reader& at) = 0;
  virtual void stop(stop_kind how) noexcept = 0;
  /// HUP: reads files that belong to it again, such as certificates; what it reads goes on.
  virtual void reopen() {}
  /// Reader's thread, last of all: from now on nothing is published, not even by a thread of its own that hangs, and it
  /// may be destroyed.
  virtual void give_up() noexcept {}

  /// Main thread, last of all, when the outputs have settled all that they will: an input that keeps something for the next
  /// start does so now, on a thread of its own, and calls `on_left` when it has.
  virtual void leave(std::function<void()> on_left) { static_cast<void>(on_left); }
  [[nodiscard]] virtual bool left() const { return true; }

  void place(std::size_t index) { index_ = index; }
  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const framing_rules& rules() const { return rules_; }
  [[nodiscard]] std::shared_ptr<const source> source_for(std::string peer, const peer_credentials& who = {}) const;

  /// Any thread.
  input_counters counters;
  hold_times held;
  [[nodiscard]] virtual std::vector<std::string> listening_on() const { return {}; }  ///< addresses, with their ports
  [[nodiscard]] virtual std::uint64_t kernel_drops() const { return 0; }
  std::atomic<std::uint64_t> connections{0};  ///< now
  std::atomic<std::uint64_t> unread{0};       ///< asked to stop: bytes, about, that were ready then and are not read yet
  std::atomic<bool> failed{false};            ///< it ended before its end
  std::atomic<bool> removed{false};           ///< the reader is done with it, while others go on
  std::uint64_t left_behind = 0;              ///< reader's thread: bytes, about, that were ready when it was given up

 protected:
  std::string stream_;  ///< for its sources
  bool local_ = false;  ///< the same: their peers are programs of this machine

 private:
  std::size_t index_ = 0;
  const std::string name_;
  framing_rules rules_;
  decoding decode_;
  level default_level_;
  const std::string app_;
};

}  // namespace logrelay
