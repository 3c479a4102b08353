#pragma once
/// A wait for room in a publisher's queue as async_room() has it (embed/async_room.hpp), without what is Asio's: who is told,
/// who gives up, and what goes with the context that it was to be completed in.
///
/// cancel() and completed(): where the operation is completed, one at a time. The rest: any thread.
#include <logrelay/embed/publisher.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

namespace logrelay::detail {

class room_wait;

/// The waits of one context. When it is destroyed, they go with it, as Asio's own operations do.
class room_waits {
 public:
  void end();

 private:
  friend class room_wait;
  std::mutex mutex_;
  bool over_ = false;
  std::set<std::shared_ptr<room_wait>> all_;
};

class room_wait : public std::enable_shared_from_this<room_wait> {
 public:
  room_wait(publisher& to, std::shared_ptr<room_waits> among) : to_(to), among_(std::move(among)) {}
  virtual ~room_wait() = default;
  room_wait(const room_wait&) = delete;
  room_wait& operator=(const room_wait&) = delete;

  /// From here on it may be completed, by another thread before this returns.
  void begin();
  void cancel();

 protected:
  /// Has completed() called in the context, later.
  virtual void post(bool cancelled) = 0;
  /// False: it waits again, since others were told of the same room and came first.
  [[nodiscard]] bool completed(bool cancelled);

 private:
  friend class room_waits;
  void end(bool cancelled);
  void drop();
  virtual void drop_handler() = 0;

  publisher& to_;
  const std::shared_ptr<room_waits> among_;
  std::mutex mutex_;
  std::uint64_t waiter_ = 0;  // with the publisher; 0: it has been told, or is not there yet
  std::uint64_t round_ = 0;
  bool cancelled_ = false;
};

}  // namespace logrelay::detail
