#pragma once
/// The handler's side of the pair: gives each batch to the queue of every output that takes its input, and tells
/// inputs how much they may read. Owned by the relay. Never waits; publish() and room_for() from any thread once the
/// routes are set.
#include <logrelay/core/line_framer.hpp>
#include <logrelay/core/queue.hpp>
#include <logrelay/util/guarded.hpp>
#include <logrelay/util/wake.hpp>

#include <vector>

namespace logrelay {

class queue_handler final : public batch_sink {
 public:
  /// Before the start: `to` takes the lines of `input`. `output` is its place among the outputs.
  void connect(std::size_t input, std::size_t output, queue& to);
  /// A reader that waits for room and wants to be woken, until it is removed. Any thread.
  void add_waiter(wake& reader);
  void remove_waiter(wake& reader);

  void publish(batch&& lines) override;

  struct permission {
    room how_much;
    std::size_t held_by = 0;  ///< the output that allows least
  };
  /// The least that any output of this input allows.
  [[nodiscard]] permission room_for(std::size_t input);

  /// A queue has room again. Any thread.
  void room_again() noexcept;

 private:
  struct route {
    std::size_t output;
    queue* to;
  };
  std::vector<std::vector<route>> routes_;
  guarded<std::vector<wake*>> waiters_;
};

}  // namespace logrelay
