#include <logrelay/embed/sink_door.hpp>

#include <logrelay/util/guarded.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace logrelay {
namespace {

// How often who waits at the door looks whether anybody will ever come out.
constexpr std::chrono::milliseconds look_again{20};

// By the clock on the wall, because ThreadSanitizer knows no other wait for a mutex; no harm if that is set meanwhile.
bool lock_for(std::timed_mutex& mutex, std::chrono::milliseconds time) {
  return mutex.try_lock() || mutex.try_lock_until(std::chrono::system_clock::now() + time);
}

/// The doors that this thread has gone through, the last one first.
class passage;
thread_local const passage* passed = nullptr;

class passage {
 public:
  explicit passage(const sink_door* through) : door(through), before(std::exchange(passed, this)) {}
  ~passage() { passed = before; }
  passage(const passage&) = delete;
  passage& operator=(const passage&) = delete;
  const sink_door* const door;
  const passage* const before;
};

bool has_passed(const sink_door* door) {
  for (const auto* each = passed; each != nullptr; each = each->before)
    if (each->door == door) return true;
  return false;
}

}  // namespace

bool sink_door::enter(const std::function<void(spdlog::sinks::sink&)>& act) {
  if (has_passed(this)) return false;
  while (!mutex_.try_lock()) {
    if (passed != nullptr || abandoned_.load()) return false;
    if (lock_for(mutex_, look_again)) break;
  }
  struct leave {
    sink_door& door;
    ~leave() {
      door.abandoned_.store(false);
      door.mutex_.unlock();
    }
  } const at_the_end{*this};
  const passage here(this);
  act(*sink_);
  return true;
}

void sink_door::settle_before_fork(steady_time deadline) {
  if (has_passed(this)) return;
  forking_ = mutex_.try_lock();
  while (!forking_ && !abandoned_.load()) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (rest.count() <= 0) return;
    forking_ = lock_for(mutex_, std::min(rest, look_again));
  }
  if (!forking_) return;
  const passage here(this);
  try {
    sink_->flush();
  } catch (...) {  // no worse than before; the listener's own flushes tell of it
  }
}

void sink_door::unlock_after_fork() {
  if (std::exchange(forking_, false)) mutex_.unlock();
}

// Who was inside is not here, and will never come out.
void sink_door::in_child() {
  if (!forking_) abandoned_.store(true);
}

std::shared_ptr<sink_door> door_to(const std::shared_ptr<spdlog::sinks::sink>& sink) {
  // Never destroyed: sinks may be adopted until the very end. A door keeps its sink, so no address stands for two.
  static auto* const all = new guarded<std::map<const spdlog::sinks::sink*, std::weak_ptr<sink_door>>>;
  bool made = false;
  auto door = all->with([&](auto& doors) {
    std::erase_if(doors, [](const auto& each) { return each.second.expired(); });
    auto& known = doors[sink.get()];
    auto there = known.lock();
    made = !there;
    if (made) known = there = std::make_shared<sink_door>(sink);
    return there;
  });
  if (made) join_process(door);
  return door;
}

}  // namespace logrelay
