#pragma once
/// An output: where lines end up. Each has one listener, whose thread alone calls it once it has been prepared. An
/// output only moves bytes; which lines, in which format and how framed is decided before it, and what is pending is
/// kept by its queue. Waits go through the waiter and have a deadline; regular files may block as files do. Failures are
/// results; what an operation that has one throws all the same counts as `retry`, with nothing taken.
///
/// A new kind is one pair of files that implements this, and one row in the registry.
#include <logrelay/error.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/util/clock.hpp>
#include <logrelay/util/waiter.hpp>

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace logrelay {

/// How an operation ended, named after what the listener does next.
enum class outcome : std::uint8_t {
  done,    ///< go on (a write may have taken less than it was given: wait until it takes more)
  retry,   ///< wait, open again, and go on: in mid-line where keeps_place(), else with the first line that is not acked
  reject,  ///< the next line, or the rest of one, can never be taken (a datagram that is too long): count it, go on behind it
  rest,    ///< all is well: close, without a word, and open again when there is a line
  end,     ///< there will never be anyone to take anything (a closed stdout): stop quietly
};

struct result {
  outcome what = outcome::done;
  std::string why;  ///< for all but done: "unable to write /var/log/a.log: No space left on device"
};

struct write_result {
  std::size_t taken = 0;  ///< bytes; for datagrams: how many of them
  outcome what = outcome::done;
  std::string why = {};
};

/// What is to be written next: whole lines, framed for the wire, except that the first may be the rest of one.
class outgoing {
 public:
  virtual ~outgoing() = default;
  /// For streams the bytes in order; for datagrams one piece a line, without terminator.
  [[nodiscard]] virtual std::span<const iovec> pieces() const = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  [[nodiscard]] virtual bool mid_line() const = 0;  ///< the first byte goes on a line that was begun
  /// The last line end within the first `limit` bytes; 0 where there is none.
  [[nodiscard]] virtual std::size_t line_end_before(std::size_t limit) const = 0;
  /// The end of the first line, or of the rest of one.
  [[nodiscard]] virtual std::size_t first_line_end() const = 0;
  /// Where in this output all of it goes, as output::make_route() would have it; empty where a marker is the first line.
  [[nodiscard]] virtual std::string_view route() const { return {}; }
};

/// What to poll for while there is nothing else to do; descriptor -1: nothing.
struct interest {
  int descriptor = -1;
  short events = 0;
  steady_time until = steady_time::max();  ///< of idle(): then idle_event() is called as well
};

/// Says something for an output, with its name before it; any thread, until the program ends.
using speaker = std::function<void(severity, std::string_view)>;

class format;

class output {
 public:
  virtual ~output() = default;

  /// Before all else: how to say what is no operation's result, such as what became of a rotated file.
  virtual void set_speaker(speaker say) { static_cast<void>(say); }
  /// Main thread, before anything runs: what has to be there at the start. Throws error; changes no existing data.
  virtual void prepare() {}
  /// Main thread, instead of the start, when this or something else could not be prepared: removes what prepare() made.
  virtual void unprepare() noexcept {}
  /// Main thread, between prepare() and the start: who we are about to become, -1 as chown(2) has it. What prepare() has
  /// made is to be theirs, so that they can open it again.
  virtual void give_to(uid_t user, gid_t group) { static_cast<void>(user), static_cast<void>(group); }
  /// Whether each line is a datagram of its own.
  [[nodiscard]] virtual bool datagrams() const { return false; }

  /// What tells of a line where within this output it goes, such as the path of one of several files; null where there
  /// is one place. Lines come in runs of one route.
  [[nodiscard]] virtual std::unique_ptr<format> make_route() const;

  /// Whether what was written is still there after a retry (a full disk, a FIFO without a reader), so that writing goes
  /// on where it stopped. Else close() is called, and after open() everything that was not acked is sent again.
  [[nodiscard]] virtual bool keeps_place() const { return false; }

  /// How many bytes at most, from a line's start, are sent again after a retry although they were acked, since the other
  /// side may have lost them with the connection. Before the first open().
  [[nodiscard]] virtual std::size_t resend_bytes() const { return 0; }

  /// Makes it ready for write(). Called before the first write and after each retry.
  virtual result open(waiter& wait) = 0;
  /// Writes what can be written now, without waiting. Regular files write all of it.
  virtual write_result write(const outgoing& lines) = 0;
  /// What to poll for when write() took less than it was given.
  [[nodiscard]] virtual interest writable() const { return {}; }
  /// Bytes that were written since open() and that the other side has not taken yet. Valid after a failed write too,
  /// until close(). Stays 0 where a write is all that can be known.
  [[nodiscard]] virtual std::uint64_t unacked() { return 0; }
  /// A line that the other side took and will never keep, asked for until there is none, before unacked() counts it as
  /// taken: each comes once, in order.
  struct refusal {
    std::uint64_t end;  ///< the byte behind the line, of those that were written since open()
    std::string why;
  };
  [[nodiscard]] virtual std::optional<refusal> refused() { return {}; }
  /// At the end, while it is open: what the other side has to say yet, "HOST has not answered 4 lines"; "" where nothing.
  [[nodiscard]] virtual std::string unanswered() const { return {}; }
  /// What tells, while there is nothing to write, that the other side has gone, or that the time for something has come;
  /// then idle_event() is called.
  [[nodiscard]] virtual interest idle() const { return {}; }
  virtual result idle_event() { return {}; }
  /// Everything is written and acked, and nothing more will come: waits until it is safe there, at most `wait`'s stop.
  virtual result finish(waiter& wait) { static_cast<void>(wait); return {}; }
  /// Lets go. `torn_bytes` of a line were written that will be sent again: a file takes them back.
  virtual void close(std::size_t torn_bytes) noexcept = 0;

  /// HUP, between lines: the path may be another file now. Where it does not keep its place, also while it is not open.
  virtual result reopen() { return {}; }
  virtual result rotate() { return {}; }  ///< ALRM, between lines
  [[nodiscard]] virtual std::uint64_t rotations() const { return 0; }
};

}  // namespace logrelay
