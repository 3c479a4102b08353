#pragma once
/// A queue whose lines are on disk: a spool writes each of them before it is taken, so that what was accepted survives the
/// end of the process; a spill begins when memory is full, so that a dead output costs disk instead of lines. Both give
/// the disk back as lines are settled, and find what an earlier run left and deliver it first.
///
/// The disk has a thread of its own, which alone touches it. Neither push() nor take() ever waits for it: while it hangs
/// or is full, lines wait in memory, and when that is full too the output's policy decides. That thread shares what it
/// touches with the queue, so that one that hangs is let go.
#include <logrelay/core/memory_queue.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/spool/disk.hpp>
#include <logrelay/spool/spool.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace logrelay {

struct spool_rules {
  enum class begins : std::uint8_t { at_once, when_full };  ///< a spool, a spill
  enum class safety : std::uint8_t {
    none,   ///< survives the end of the process, not that of the machine
    timed,  ///< safe after `sync_every` at the latest
    batch,  ///< safe before it is taken
  };

  queue_rules memory;  ///< half of its capacity is for lines on their way to the disk, half for those that come from it
  begins disk = begins::at_once;
  spool_limits limits;
  safety sync = safety::timed;
  std::chrono::milliseconds sync_every{1000};
};

class spool_queue final : public queue {
 public:
  /// How much may be settled before the cursor says so: what comes twice after a kill.
  static constexpr std::chrono::milliseconds cursor_every{100};
  static constexpr std::size_t cursor_bytes = 1024 * 1024;

  struct parts {
    spool_rules rules;
    std::string name;                                       ///< of the output
    std::string folder;                                     ///< for messages
    std::function<std::unique_ptr<disk>()> open;             ///< may throw error
    std::function<void(disk&)> unmake = [](disk&) {};        ///< takes back what open() made
    std::function<void(severity, std::string_view)> say;
  };
  spool_queue(parts given, const block_pool& pool, const time_source& clock, queue_events events);
  ~spool_queue() override;

  void prepare() override;
  void unprepare() noexcept override;
  void push(const batch& lines) override;
  room room_now() override;
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
  struct state;
  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace logrelay
