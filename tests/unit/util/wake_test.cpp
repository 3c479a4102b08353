#include <catch2/catch.hpp>
#include <logrelay/util/wake.hpp>

#include <poll.h>

#include <atomic>
#include <thread>

namespace logrelay {
namespace {

bool signalled(const wake& one, int milliseconds = 0) {
  pollfd now{one.descriptor(), POLLIN, 0};
  return ::poll(&now, 1, milliseconds) == 1;
}

TEST_CASE("nobody is woken who did not say that they sleep") {
  wake one;
  one.notify();
  CHECK_FALSE(signalled(one));
}

TEST_CASE("a sleeper is woken once however often it is notified") {
  wake one;
  one.prepare_sleep();
  one.notify();
  one.notify();
  CHECK(signalled(one));
  one.clear();
  one.notify();
  CHECK_FALSE(signalled(one));
}

TEST_CASE("who is awake again is not woken for what came before") {
  wake one;
  one.prepare_sleep();
  one.notify();
  one.awake();
  CHECK_FALSE(signalled(one));
  one.notify();
  CHECK_FALSE(signalled(one));
}

TEST_CASE("a signal wakes also who did not prepare") {
  wake one;
  one.signal();
  one.signal();
  CHECK(signalled(one));
  one.clear();
  CHECK_FALSE(signalled(one));
}

// The sleeper looks for work after it said that it sleeps; a wake that is lost is a poll that lasts until its end.
TEST_CASE("no wake is lost between two threads") {
  constexpr int rounds = 20'000;
  wake ours, theirs;
  std::atomic<int> ball{0};
  std::atomic<bool> lost{false};
  const auto wait_for = [&](wake& mine, int wanted) {
    while (ball.load() < wanted && !lost) {
      mine.prepare_sleep();
      if (ball.load() < wanted && !signalled(mine, 20'000)) lost = true;
      mine.awake();
    }
  };
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      wait_for(theirs, 2 * i + 1);
      ball.store(2 * i + 2);
      ours.notify();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    ball.store(2 * i + 1);
    theirs.notify();
    wait_for(ours, 2 * i + 2);
  }
  other.join();
  CHECK_FALSE(lost);
}

}  // namespace
}  // namespace logrelay
