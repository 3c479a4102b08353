#include <logrelay/embed/sink_door.hpp>
#include <logrelay/util/deadline.hpp>
#include <support/eventually.hpp>
#include <unit/embed/scripted_sink.hpp>

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace logrelay {
namespace {

using support::eventually;

const auto nothing = [](spdlog::sinks::sink&) {};

steady_time soon() { return deadline_in(std::chrono::milliseconds(200)); }

std::shared_ptr<sink_door> new_door() { return std::make_shared<sink_door>(std::make_shared<scripted_sink>()); }

/// Somebody who is inside until it is let out.
class guest {
 public:
  explicit guest(sink_door& door) : thread_([this, &door] { entered_ = door.enter([this](auto&) { stay(); }); }) {
    REQUIRE(eventually([&] { return inside_.load(); }));
  }
  ~guest() { leave(); }
  guest(const guest&) = delete;
  guest& operator=(const guest&) = delete;
  void leave() {
    out_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] bool entered() const { return entered_; }

 private:
  void stay() {
    inside_ = true;
    while (!out_) std::this_thread::yield();
  }
  std::atomic<bool> inside_{false}, out_{false};
  bool entered_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("sink door: one thread at a time is in the sink, and others wait for it") {
  const auto door = new_door();
  guest first(*door);
  std::atomic<bool> second_is_in{false};
  std::thread second([&] { door->enter([&](auto&) { second_is_in = true; }); });
  CHECK_FALSE(second_is_in);  // and never while the first is there, however long that is
  first.leave();
  second.join();
  CHECK(first.entered());
  CHECK(second_is_in);
}

TEST_CASE("sink door: who is in the sink already is not let in again, through however many others it went") {
  const auto one = new_door(), other = new_door();
  bool again = true, into_other = false;
  CHECK(one->enter([&](auto&) { into_other = other->enter([&](auto&) { again = one->enter(nothing); }); }));
  CHECK(into_other);
  CHECK_FALSE(again);
  CHECK(one->enter(nothing));
}

TEST_CASE("sink door: what the sink throws passes through, and the door is open again") {
  const auto door = new_door();
  CHECK_THROWS_WITH(door->enter([](auto&) { throw std::runtime_error("no space"); }), "no space");
  CHECK(door->enter(nothing));
}

TEST_CASE("sink door: nobody waits for one who was given up, until it comes out") {
  const auto door = new_door();
  guest hung(*door);
  door->abandon();
  CHECK_FALSE(door->enter(nothing));
  hung.leave();
  CHECK(door->enter(nothing));
}

TEST_CASE("sink door: a call that finds one who was given up costs no time") {
  const auto door = new_door();
  guest hung(*door);
  door->abandon();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 500; ++i) CHECK_FALSE(door->enter(nothing));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));  // 20 ms a call would be 10 s
}

TEST_CASE("sink door: who is in one sink does not wait at another's door, where somebody may wait for that one") {
  sink_door one(std::make_shared<scripted_sink>()), two(std::make_shared<scripted_sink>());
  std::atomic<bool> inside{false}, over{false};
  std::thread other([&] {
    two.enter([&](auto&) {
      inside = true;
      while (!over) std::this_thread::yield();
    });
  });
  REQUIRE(eventually([&] { return inside.load(); }));
  bool entered = true;
  CHECK(one.enter([&](auto&) { entered = two.enter([](auto&) {}); }));
  CHECK_FALSE(entered);
  over = true;
  other.join();
  CHECK(one.enter([&](auto&) { entered = two.enter([](auto&) {}); }));
  CHECK(entered);
}

TEST_CASE("sink door: a fork that finds nobody inside keeps others out until it is over") {
  const auto door = new_door();
  door->settle_before_fork(soon());
  std::atomic<bool> inside{false};
  std::thread other([&] { door->enter([&](auto&) { inside = true; }); });
  CHECK_FALSE(inside);
  door->in_child();
  door->unlock_after_fork();
  other.join();
  CHECK(inside);
}

TEST_CASE("sink door: a fork does not wait for ever for who hangs inside, and its child never enters") {
  const auto door = new_door();
  guest hung(*door);
  door->settle_before_fork(soon());
  door->in_child();
  door->unlock_after_fork();
  CHECK_FALSE(door->enter(nothing));
}

TEST_CASE("sink door: a fork does not wait for one hung sink after the other") {
  std::vector<std::shared_ptr<sink_door>> doors;
  std::vector<std::unique_ptr<guest>> hung;
  for (int i = 0; i < 20; ++i) {
    doors.push_back(new_door());
    join_process(doors.back());
    hung.push_back(std::make_unique<guest>(*doors.back()));
  }
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));  // 200 ms for each would be 4 s
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
}

TEST_CASE("sink door: a fork finds nothing in a sink's memory that its child would write a second time") {
  const auto sink = std::make_shared<scripted_sink>();
  sink_door door(sink);
  door.settle_before_fork(soon());
  CHECK(sink->flushes == 1);
  door.unlock_after_fork();
}

TEST_CASE("sink door: a sink that throws at a fork, or logs into itself, stands in nobody's way") {
  const auto sink = std::make_shared<scripted_sink>();
  sink_door door(sink);
  bool again = true;
  sink->on_flush = [&] {
    again = door.enter(nothing);
    throw std::runtime_error("no space");
  };
  door.settle_before_fork(soon());
  CHECK_FALSE(again);
  door.unlock_after_fork();
  CHECK(door.enter(nothing));
}

TEST_CASE("sink door: a fork from within the sink leaves it to who is there") {
  const auto door = new_door();
  CHECK(door->enter([&](auto&) {
    door->settle_before_fork(soon());
    door->unlock_after_fork();
  }));
  CHECK(door->enter(nothing));
}

}  // namespace logrelay
