#include <logrelay/embed/process_hooks.hpp>

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

// How long a fork waits for what may be in somebody's hands.
constexpr auto settling = 200ms;

struct membership {
  std::mutex mutex;
  std::vector<std::weak_ptr<process_member>> members;
  std::vector<std::shared_ptr<process_member>> forking;  // those that are held around a fork, whose thread holds the lock

  [[nodiscard]] std::vector<std::shared_ptr<process_member>> living() const {
    std::vector<std::shared_ptr<process_member>> all;
    for (const auto& each : members)
      if (auto one = each.lock()) all.push_back(std::move(one));
    return all;
  }
};

// Never destroyed: threads may come here until the very end.
membership& members() {
  static auto* const all = new membership;
  return *all;
}

void before_fork() {
  auto& all = members();
  all.mutex.lock();
  all.forking = all.living();
  const auto deadline = std::chrono::steady_clock::now() + settling;
  for (const auto& each : all.forking) each->settle_before_fork(deadline);
  for (const auto& each : all.forking) each->lock_before_fork();
}

void in_parent() {
  auto& all = members();
  for (const auto& each : all.forking) each->unlock_after_fork();
  auto let_go = std::exchange(all.forking, {});
  all.mutex.unlock();  // first: the last to know a member destroys it
}

void in_child() {
  auto& all = members();
  for (const auto& each : all.forking) each->in_child();
  for (const auto& each : all.forking) each->unlock_after_fork();
  auto let_go = std::exchange(all.forking, {});
  all.mutex.unlock();
}

std::atomic<bool> ending{false};

void at_end() {
  ending.store(true);
  std::vector<std::shared_ptr<process_member>> all;
  {
    const std::lock_guard lock(members().mutex);
    all = members().living();
  }
  const auto began = std::chrono::steady_clock::now();
  for (const auto& each : all) each->begin_stop();
  while (std::erase_if(all, [&](const auto& each) { return each->end_step(began); }), !all.empty()) std::this_thread::sleep_for(1ms);
}

}  // namespace

bool process_ends() { return ending.load(); }

void join_process(const std::shared_ptr<process_member>& member) {
  static const bool once = [] {
    ::pthread_atfork(before_fork, in_parent, in_child);
    std::atexit(at_end);
    std::at_quick_exit(at_end);
    return true;
  }();
  static_cast<void>(once);
  auto& all = members();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.members, [](const auto& each) { return each.expired(); });
  all.members.push_back(member);
}

}  // namespace logrelay
