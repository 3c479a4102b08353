#pragma once
/// A queue of lines between the inputs and one output: a small interface, so that memory, and disk behind it, are the
/// same to everyone. It keeps the output's ledger, since what is pending is what the queue holds.
///
/// What becomes of lines with a receipt (batch::owed) is settled with the ledger; see receipt.hpp.
///
/// Nothing here waits. push() is called by any thread; take(), ack(), rewind() by the one listener.
#include <logrelay/core/ledger.hpp>

#include <sys/types.h>

#include <functional>
#include <vector>

namespace logrelay {

/// How many bytes an input may read now for this queue.
struct room {
  std::size_t bytes = 0;                  ///< 0: hold the input
  steady_time until = steady_time::max();  ///< … until told, or until this moment at the latest
};

/// What became of the lines at the queue's front.
struct settled {
  tally delivered, filtered, rejected;
};

struct queue_rules;

class queue {
 public:
  virtual ~queue() = default;

  /// Main thread, before anything else: what it needs beside memory. Throws error where that is not there.
  virtual void prepare() {}
  /// Main thread, instead of the start, when something else could not be prepared: removes what prepare() made.
  virtual void unprepare() noexcept {}
  /// Main thread, between prepare() and the start: as output::give_to().
  virtual void give_to(uid_t user, gid_t group) { static_cast<void>(user), static_cast<void>(group); }

  /// Takes the lines, or as many as its overflow policy allows; the rest is dropped and counted. Any thread.
  virtual void push(const batch& lines) = 0;
  /// Whether inputs may read on, and how much. A zero answer promises a call of on_room later. Any thread.
  [[nodiscard]] virtual room room_now() = 0;
  /// Whether a slice of so many bytes finds room now, without anything being dropped or held, or is the first of all. A no
  /// promises a call of on_room once something has left. Any thread.
  [[nodiscard]] virtual bool takes(std::size_t bytes) = 0;
  /// Nothing more will be pushed. Any thread.
  virtual void close() = 0;

  /// Hands out lines behind those taken before, in order, until `most_bytes` are reached (at least one batch, if
  /// there is one, and always after ready() said yes). They stay pending, and in the queue, until acked. Notices of
  /// dropped lines are among them.
  virtual void take(std::vector<batch>& into, std::size_t most_bytes) = 0;
  /// The first `bytes` bytes of what was taken (as they lie in the batches, notices included, to a line's end) are
  /// settled and leave the queue.
  virtual void ack(std::size_t bytes, const settled& what) = 0;
  /// The other side moved, though perhaps not by a whole line.
  virtual void progressed() = 0;
  /// What was taken and is not acked will be handed out again.
  virtual void rewind() = 0;
  /// Whether there is something to take; worth taking, where a queue gathers lines for that.
  [[nodiscard]] virtual bool ready() const = 0;
  /// After ready() said no: when the listener is to look again by itself, since nobody will wake it before. Its thread.
  [[nodiscard]] virtual steady_time look_again() const { return steady_time::max(); }
  /// Closed, and everything acked.
  [[nodiscard]] virtual bool finished() const = 0;

  /// From now on other limits: what is there stays, even where it is too much. Not where the lines are on disk. Any thread.
  virtual void change(const queue_rules& rules) { static_cast<void>(rules); }

  /// Nobody will take any more: a queue that can keep what is left for the next start does so. Any thread.
  virtual void leave() {}
  /// … and is done with it.
  [[nodiscard]] virtual bool left() const { return true; }

  /// Last of all, where others go on: what nobody will ever find again is lost to those who want to know. Any thread.
  virtual void give_up() {}

  /// The account at this moment. Any thread.
  [[nodiscard]] virtual ledger account() const = 0;
};

/// Calls that a queue makes, outside its lock.
struct queue_events {
  std::function<void()> on_lines;  ///< there is something to take, or the queue was closed
  std::function<void()> on_room;   ///< a queue that held its inputs has room again
  /// It has begun to drop lines; or it is half empty again, and the lines were that many.
  std::function<void(bool begins, const tally& dropped)> on_loss;
  std::function<void()> on_left = [] {};  ///< it has left
};

}  // namespace logrelay
