#include <logrelay/embed/room_wait.hpp>

#include <utility>

namespace logrelay::detail {

void room_waits::end() {
  std::set<std::shared_ptr<room_wait>> all;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    all.swap(all_);
  }
  for (const auto& each : all) each->drop();
}

void room_wait::begin() {
  {
    const std::lock_guard lock(among_->mutex_);
    if (among_->over_) return;
    among_->all_.insert(shared_from_this());
  }
  std::uint64_t round = 0;
  {
    const std::lock_guard lock(mutex_);
    round = ++round_;
    waiter_ = 0;
  }
  const auto waiter = to_.when_room([self = shared_from_this()] { self->end(false); });
  {
    const std::lock_guard lock(mutex_);
    if (round != round_) return;  // it was told, and waits again: that is another's business
    waiter_ = waiter;
    if (!cancelled_) return;
  }
  cancel();
}

void room_wait::cancel() {
  std::uint64_t waiter = 0;
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    waiter = waiter_;
  }
  if (waiter != 0 && to_.forget(waiter)) end(true);
}

// Comes once for each round: the publisher tells, or is made to forget. Under the lock, so that the context is still there.
void room_wait::end(bool cancelled) {
  const auto self = shared_from_this();
  const std::lock_guard lock(among_->mutex_);
  if (among_->all_.erase(self) > 0) post(cancelled);
}

bool room_wait::completed(bool cancelled) {
  if (cancelled || to_.has_room()) return true;
  begin();  // which finds out where it was cancelled meanwhile
  return false;
}

void room_wait::drop() {
  std::uint64_t waiter = 0;
  {
    const std::lock_guard lock(mutex_);
    waiter = std::exchange(waiter_, 0);
  }
  if (waiter != 0) to_.forget(waiter);
  drop_handler();
}

}  // namespace logrelay::detail
