#pragma once
/// The listener's side of the pair: one thread that takes lines from one queue and gives them to one output, through
/// failures, for ever. What it touches is shared with whoever started it, so that stop can wait for it until a deadline
/// and then let it go: a thread that hangs in a write holds up nobody.
///
/// Everything but start(), and the destructor, may be called from any thread.
#include <logrelay/core/line_encoder.hpp>
#include <logrelay/core/queue.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/output/output.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace logrelay {

struct listener_parts {
  std::string name;  ///< of the output
  std::unique_ptr<output> to;
  std::unique_ptr<line_encoder> encoder;
  std::chrono::milliseconds stall_after{2000};
  std::function<void(severity, std::string_view)> say;  ///< may be called until the program ends
  std::function<void()> on_done;  ///< it has ended, or has no output any more
  /// What wakes it, and what its queue's on_lines notifies: one listener may take another's place at the queue.
  std::shared_ptr<wake> alarm = std::make_shared<wake>();
};

struct listener_report {
  std::uint64_t retries = 0;
  std::uint64_t rotations = 0;
  std::string last_error;
  bool ended = false;  ///< nobody is there to take anything any more
  std::uint64_t in_doubt_bytes = 0;  ///< at the end: acked by a connection that was lost, and not sent again; also what is owed
};

class queue_listener {
 public:
  explicit queue_listener(listener_parts parts);
  ~queue_listener();  ///< lets a thread go that has not ended

  /// The events that its queue is to call.
  [[nodiscard]] std::function<void()> on_lines() const;
  [[nodiscard]] output& to();  ///< before start()
  /// Before start(): what the one before it was not sure of is to be sent again first. False: that is not asked for here,
  /// or would be framed otherwise.
  [[nodiscard]] bool owe(const kept_lines& lines);
  void start(std::shared_ptr<queue> from);

  void reopen();
  void rotate();
  /// Nothing more will come: a second at most between two tries, so that an endpoint that comes back is not missed.
  void hurry();
  /// Leave the queue to another: end as soon as the other side has every line that it has a part of.
  void retire();
  /// Everything is acked, and it waits for the other side to say that it was read, for as long as that output does.
  [[nodiscard]] bool says_goodbye() const;
  /// Whether what was written is still at the other side when it is opened again: then a line that was begun has to be
  /// brought to its end, however long that takes.
  [[nodiscard]] bool keeps_place() const;
  /// Stop at the next chance, with lines still pending.
  void abandon();
  [[nodiscard]] bool done() const;
  /// Once it has retired and is done: what its peer had acked last and may not have read, where `resend` asks for that.
  [[nodiscard]] kept_lines take_owed();
  [[nodiscard]] listener_report report() const;

 private:
  struct state;
  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace logrelay
