#pragma once
/// The handler's side of the pair: gives each batch to the queue of every output that takes its input, and tells
/// inputs how much they may read. Owned by the relay. Any thread. Never waits, but for as long as it takes to put one list
/// of routes in the place of another.
#include <logrelay/core/line_framer.hpp>
#include <logrelay/core/queue.hpp>
#include <logrelay/util/guarded.hpp>
#include <logrelay/util/wake.hpp>

#include <shared_mutex>
#include <vector>

namespace logrelay {

class queue_handler final : public batch_sink {
 public:
  struct route {
    std::size_t output;  ///< its place among the outputs
    queue* to;
  };
  using route_table = std::vector<std::vector<route>>;  ///< for each input, by its place, the outputs that take its lines

  /// `to` takes the lines of `input`, from now on.
  void connect(std::size_t input, std::size_t output, queue& to);
  /// These take the place of all routes before. Once this has returned nothing more is pushed to a queue that is not among
  /// them; each batch goes by the old routes or by the new ones. Where no input has any, all are held.
  void set_routes(route_table all);
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
  // Held for reading while a batch is pushed: push() never waits, and who changes routes knows that nobody is half-way.
  mutable std::shared_mutex mutex_;
  route_table routes_;
  bool nobody_ = false;  // there were routes, and there are none now
  guarded<std::vector<wake*>> waiters_;
};

}  // namespace logrelay
