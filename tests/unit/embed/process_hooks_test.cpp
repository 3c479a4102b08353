#include <logrelay/embed/process_hooks.hpp>

#include <catch2/catch.hpp>
#include <support/lines.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

namespace logrelay {
namespace {

/// Writes down what it is asked, into a pipe that the child shares.
class witness final : public process_member {
 public:
  witness(std::string name, int to) : name_(std::move(name)), to_(to) {}
  void settle_before_fork(steady_time deadline) override {
    settle_by = deadline;
    note("settle");
  }
  void lock_before_fork() override { note("lock"); }
  void unlock_after_fork() override { note("unlock"); }
  void in_child() override { note("child"); }
  void begin_stop() override { note("begin"); }
  bool end_step(steady_time began) override {
    note(began <= std::chrono::steady_clock::now() ? "end" : "end, of what is to come");
    return --steps <= 0;
  }
  int steps = 1;  // that its end takes
  steady_time settle_by{};

 private:
  void note(const std::string& what) const {
    const std::string line = name_ + " " + what + "\n";
    if (::write(to_, line.data(), line.size()) < 0) std::abort();
  }
  const std::string name_;
  const int to_;
};

struct pipe_ends {
  pipe_ends() { REQUIRE(::pipe(ends.data()) == 0); }
  ~pipe_ends() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  [[nodiscard]] int writer() const { return ends[1]; }
  /// What was written until now.
  [[nodiscard]] std::string text() const {
    std::array<char, 4096> bytes{};
    const auto got = ::read(ends[0], bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  std::array<int, 2> ends{};
};

/// What a child does that is forked now; its end is waited for.
void in_a_child(void (*act)()) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    act();
    ::_exit(1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

/// What was said of stops alone: the parent may say the last of its fork while the child ends.
std::string endings(const std::string& said) {
  std::string all;
  for (const auto& line : support::split_lines(said))
    if (line.ends_with(" begin") || line.find(" end") != std::string::npos) all += line + "\n";
  return all;
}

}  // namespace

TEST_CASE("process hooks: a child finds a lock free that other threads of its parent take all the time") {
  static fork_mutex* const one = new fork_mutex;  // for the children, which destroy nothing
  std::atomic<bool> over{false};
  std::thread busy([&] {
    while (!over) {
      const std::lock_guard held(*one);
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 20; ++i)
    in_a_child([] {
      ::alarm(20);  // ends a wait for ever
      one->lock();
      one->unlock();
      ::_exit(0);
    });
  over = true;
  busy.join();
}

TEST_CASE("process hooks: before a fork all settle, then all lock, and both sides unlock, the child once it is told") {
  const pipe_ends in_parent;
  const auto one = std::make_shared<witness>("one", in_parent.writer()), two = std::make_shared<witness>("two", in_parent.writer());
  join_process(one);
  join_process(two);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(0);
  CHECK(one->settle_by > steady_time());
  CHECK(one->settle_by == two->settle_by);  // they do not wait one after the other
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  const auto said = in_parent.text();
  CHECK(said.starts_with("one settle\ntwo settle\none lock\ntwo lock\n"));
  // The two sides write at the same time.
  const auto times = [&](const std::string& what) {
    int found = 0;
    for (std::size_t at = 0; (at = said.find(what, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  CHECK(times("one unlock\n") == 2);
  CHECK(times("two unlock\n") == 2);
  CHECK(times("one child\n") == 1);
  CHECK(times("two child\n") == 1);
}

TEST_CASE("process hooks: quick_exit begins all stops before it ends the first") {
  const pipe_ends notes;
  const auto one = std::make_shared<witness>("one", notes.writer()), two = std::make_shared<witness>("two", notes.writer());
  join_process(one);
  join_process(two);
  in_a_child([] { std::quick_exit(0); });
  CHECK(endings(notes.text()) == "one begin\ntwo begin\none end\ntwo end\n");
}

TEST_CASE("process hooks: all end at once, each in as many steps as it takes") {
  const pipe_ends notes;
  const auto slow = std::make_shared<witness>("slow", notes.writer()), fast = std::make_shared<witness>("fast", notes.writer());
  slow->steps = 3;
  join_process(slow);
  join_process(fast);
  in_a_child([] { std::quick_exit(0); });
  CHECK(endings(notes.text()) == "slow begin\nfast begin\nslow end\nfast end\nslow end\nslow end\n");
}

TEST_CASE("process hooks: who has gone is asked nothing") {
  const pipe_ends notes;
  join_process(std::make_shared<witness>("gone", notes.writer()));
  join_process(std::make_shared<witness>("gone too", notes.writer()));
  const auto here = std::make_shared<witness>("here", notes.writer());
  join_process(here);
  in_a_child([] { ::_exit(0); });
  CHECK(notes.text().find("gone") == std::string::npos);
}

}  // namespace logrelay
