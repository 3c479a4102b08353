#pragma once
/// A queue whose lines are on disk: a spool writes each of them before it is taken, so that what was accepted survives the
/// end of the process; a spill begins when memory is full, so that a dead output costs disk instead of lines. Both give
/// the disk back as lines are settled, and find what an earlier run left and deliver it first. What
/// is pushed before prepare() waits in memory, and comes behind that.
///
/// The disk has a thread of its own, which alone touches it. Neither push() nor take() ever waits for it: while it hangs
/// or is full, lines wait in memory, and when that is full too the output's policy decides. That thread shares what it
/// touches with the queue, so that one that hangs is let go.
#include <logrelay/core/queue.hpp>
#include <logrelay/spool/spool_rules.hpp>

#include <memory>
#include <thread>

namespace logrelay {

class spool_worker;

class spool_queue final : public queue {
 public:
  using parts = spool_parts;
  spool_queue(parts given, const block_pool& pool, const time_source& clock, queue_events events);
  ~spool_queue() override;

  void prepare() override;
  void unprepare() noexcept override;
  void give_to(uid_t user, gid_t group) override;
  void push(const batch& lines) override;
  room room_now() override;
  bool takes(std::size_t bytes) override;
  void close() override;
  void take(std::vector<batch>& into, std::size_t most_bytes) override;
  void ack(std::size_t bytes, const settled& what) override;
  void progressed() override;
  void rewind() override;
  bool ready() const override;
  bool finished() const override;
  void leave() override;
  bool left() const override;
  void give_up() override;
  ledger account() const override;

 private:
  std::shared_ptr<spool_worker> worker_;
  std::thread thread_;
};

}  // namespace logrelay
