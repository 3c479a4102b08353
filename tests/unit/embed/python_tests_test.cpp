// CPython's own tests of its pair, in spirit: Lib/test/test_logging.py, QueueHandlerTest and QueueListenerTest. Each is named
// after what it shows.
#include <logrelay/embed/publisher.hpp>
#include <unit/embed/adopted_program.hpp>

#include <spdlog/fmt/fmt.h>

#include <atomic>

namespace logrelay {

/// Counts how often it is made text of.
struct counted_argument {
  std::atomic<int>* times;
};

}  // namespace logrelay

template <>
struct fmt::formatter<logrelay::counted_argument> : fmt::formatter<int> {
  template <typename Context>
  auto format(const logrelay::counted_argument& one, Context& context) const {
    return fmt::formatter<int>::format(++*one.times, context);
  }
};

namespace logrelay {
namespace {

using support::eventually;
using support::patience;
using lines = std::vector<std::string>;

}  // namespace

// test_formatting.
TEST_CASE("python's tests: a message is formatted once, before it is queued, for all sinks") {
  const adopted_program my;
  const auto second = std::make_shared<scripted_sink>();
  my.log->sinks().push_back(second);
  my.out->hang();
  second->hang();
  auto queued = adopt(my.log);
  std::atomic<int> times{0};
  my.log->info("formatted {}", counted_argument{&times});
  CHECK(times == 1);  // and nobody has written it yet
  my.out->go_on();
  second->go_on();
  queued.stop(patience);
  CHECK(times == 1);
  CHECK(my.out->lines() == lines{"formatted 1"});
  CHECK(second->lines() == lines{"formatted 1"});
}

// test_formatting: what is queued has its message, and is formatted again by nobody: what looks like a field stays.
TEST_CASE("python's tests: braces and percent signs of a message are text to sinks") {
  const adopted_program my;
  my.out->set_pattern("[%l] %v");
  auto queued = adopt(my.log);
  my.log->info("{} %v {{}}", "{0} %s");
  queued.stop(patience);
  CHECK(my.out->lines() == lines{"[info] {0} %s %v {}"});
}

// test_queue_handler: a record that the logger's level keeps back is not queued at all.
TEST_CASE("python's tests: a logger's level is respected before the queue") {
  const adopted_program my;
  my.log->set_level(spdlog::level::warn);
  auto queued = adopt(my.log);
  my.log->debug("no");
  my.log->info("no");
  my.log->warn("yes");
  const auto report = queued.stop(patience);
  CHECK(report.sinks.front().account.accepted.lines == 1);
  CHECK(my.out->lines() == lines{"yes"});
}

// test_queue_listener, with respect_handler_level.
TEST_CASE("python's tests: each of several handlers has the records of its own level, in order") {
  const adopted_program my;
  const auto bad = std::make_shared<scripted_sink>();
  bad->set_level(spdlog::level::critical);
  my.log->sinks().push_back(bad);
  auto queued = adopt(my.log);
  my.log->warn("1");
  my.log->error("2");
  my.log->critical("3");
  queued.stop(patience);
  CHECK(my.out->lines() == lines{"1", "2", "3"});
  CHECK(bad->lines() == lines{"3"});
}

// test_no_messages_in_queue_after_stop.
TEST_CASE("python's tests: after stop there are no records in the queue, and none go there") {
  const adopted_program my;
  auto queued = adopt(my.log);
  for (int i = 0; i < 1000; ++i) my.log->info("{}", i);
  const auto report = queued.stop(patience);
  CHECK(my.out->count() == 1000);
  CHECK(report.sinks.front().account.pending.lines == 0);
  my.log->info("later");
  const auto later = queued.report();
  CHECK(later.sinks.front().account.accepted.lines == 1000);
  CHECK(later.sinks.front().account.pending.lines == 0);
}

TEST_CASE("python's tests: a publisher takes no record after stop, and counts it") {
  publisher out("null:");
  CHECK(out.publish("in time"));
  out.stop(patience);
  CHECK_FALSE(out.publish("too late"));
  const auto report = out.report();
  CHECK(report.account.accepted.lines == 1);
  CHECK(report.refused == 1);
  CHECK(report.left() == 0);
}

// test_calls_task_done_after_stop: queue.join() of Python returns only when every record has been marked as done.
TEST_CASE("python's tests: every record is acknowledged, and only once its sink is done with it") {
  const adopted_program my;
  my.out->hang();
  auto queued = adopt(my.log);
  for (int i = 0; i < 10; ++i) my.log->info("{}", i);
  wait_inside(*my.out);
  const auto before = queued.report().sinks.front().account;
  CHECK(before.accepted.lines == 10);
  CHECK(before.pending.lines == 10);
  CHECK(before.delivered.lines == 0);
  CHECK_FALSE(queued.flush(std::chrono::milliseconds(0)));
  my.out->go_on();
  CHECK(queued.flush(patience));
  const auto after = queued.stop(patience).sinks.front().account;
  CHECK(after.delivered.lines == 10);
  CHECK(after.pending.lines == 0);
  CHECK(after.balances());
}

}  // namespace logrelay
