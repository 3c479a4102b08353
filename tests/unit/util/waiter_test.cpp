#include <catch2/catch.hpp>
#include <logrelay/util/waiter.hpp>

#include <poll.h>

#include <thread>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

const auto soon = [] { return std::chrono::steady_clock::now() + 1ms; };

TEST_CASE("a wait ends when its time has come, whatever there is to wait for") {
  wake ours;
  waiter wait(ours);
  CHECK(wait.wait(-1, 0, soon()) == waiter::event::timeout);
  CHECK(wait.wait(-1, 0, steady_time::min()) == waiter::event::timeout);
  const wake never;
  CHECK(wait.wait(never.descriptor(), POLLIN, soon()) == waiter::event::timeout);
}

TEST_CASE("a wait ends when the descriptor is ready") {
  wake ours, other;
  waiter wait(ours);
  other.signal();
  CHECK(wait.wait(other.descriptor(), POLLIN, steady_time::max()) == waiter::event::ready);
  CHECK(wait.wait(other.descriptor(), POLLIN, steady_time::min()) == waiter::event::ready);
}

TEST_CASE("a wait ends when the wake is signalled, once for each time") {
  wake ours, other;
  waiter wait(ours);
  ours.signal();
  other.signal();
  CHECK(wait.wait(other.descriptor(), POLLIN, steady_time::max()) == waiter::event::woken);
  CHECK(wait.wait(other.descriptor(), POLLIN, steady_time::max()) == waiter::event::ready);
}

TEST_CASE("a wait ends when somebody asks to stop") {
  wake ours;
  waiter wait(ours);
  CHECK_FALSE(wait.stopping());
  std::thread other([&] { wait.stop(); });
  CHECK(wait.wait(-1, 0, steady_time::max()) == waiter::event::woken);
  CHECK(wait.stopping());
  other.join();
}

}  // namespace
}  // namespace logrelay
