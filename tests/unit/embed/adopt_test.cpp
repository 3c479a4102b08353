// The pair inside an spdlog program; adopt_holes_test.cpp has what Python's gets wrong.
#include <unit/embed/adopted_program.hpp>

#include <spdlog/async.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <set>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::patience;

}  // namespace

TEST_CASE("adopt: a record is written by another thread, once, and in order") {
  const adopted_program my;
  auto queued = adopt(my.log);
  for (int i = 0; i < 1000; ++i) my.log->info("record {}", i);
  const auto report = queued.stop(patience);
  const auto lines = my.out->lines();
  REQUIRE(lines.size() == 1000);
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == fmt::format("record {}", i));
  CHECK(my.out->last_thread() != std::this_thread::get_id());
  CHECK(report.delivered() == 1000);
  CHECK(report.dropped() == 0);
  CHECK(report.left() == 0);
  check_balance(report);
}

TEST_CASE("adopt: the sink's own pattern is applied to the record as it was logged") {
  adopted_program my;
  my.log->set_pattern("%n|%l|%t|%s:%#|%!|%v");
  my.log->set_level(spdlog::level::trace);
  auto queued = adopt(my.log);
  my.log->log(spdlog::source_loc{"main.cpp", 42, "main"}, spdlog::level::critical, "on fire: {}", 3);
  my.log->trace("plain");
  queued.stop(patience);
  const auto thread = spdlog::details::os::thread_id();
  CHECK(my.out->lines() == std::vector<std::string>{fmt::format("app|critical|{}|main.cpp:42|main|on fire: 3", thread),
                                                    fmt::format("app|trace|{}|:||plain", thread)});
}

TEST_CASE("adopt: the time of a record is that of its logging") {
  adopted_program my;
  std::atomic<std::int64_t> seen{0};
  my.out->on_log = [&](const auto& message) { seen = message.time.time_since_epoch().count(); };
  auto queued = adopt(my.log);
  const auto when = spdlog::log_clock::time_point(std::chrono::seconds(1'000'000'000) + 123'456'789ns);
  my.log->log(when, spdlog::source_loc{}, spdlog::level::info, "long ago");
  queued.stop(patience);
  CHECK(seen == when.time_since_epoch().count());
}

// test_logging.py: QueueHandlerTest.test_formatting. Python's handler merges arguments into the message before it queues.
TEST_CASE("adopt: arguments are formatted before log returns, and need not outlive it") {
  const adopted_program my;
  my.out->hang();
  auto queued = adopt(my.log);
  {
    std::string gone = "short-lived";
    my.log->info("{}", gone);
    gone.assign(gone.size(), 'x');
  }
  my.out->go_on();
  queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"short-lived"});
}

// test_logging.py: QueueHandlerTest.test_queue_listener_with_multiple_handlers.
TEST_CASE("adopt: several sinks of one logger each get every record") {
  const adopted_program my;
  const auto second = std::make_shared<scripted_sink>();
  my.log->sinks().push_back(second);
  auto queued = adopt(my.log);
  my.log->info("one");
  my.log->info("two");
  const auto report = queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"one", "two"});
  CHECK(second->lines() == my.out->lines());
  REQUIRE(report.sinks.size() == 2);
  CHECK(report.sinks[0].name == "app#1");
  CHECK(report.sinks[1].name == "app#2");
}

TEST_CASE("adopt: a sink that loggers share has one listener, also for a logger that joins later") {
  const adopted_program my;
  const auto other = std::make_shared<spdlog::logger>("other", my.out);
  auto queued = adopt(my.log);
  queued.add(other);
  CHECK(my.log->sinks().front() == other->sinks().front());
  my.log->info("first");
  other->info("second");
  const auto report = queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"first", "second"});
  CHECK(report.sinks.size() == 1);
}

TEST_CASE("adopt: without a logger every registered one is adopted, and the default one") {
  const adopted_program usual, named;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(usual.log);
  const auto registered = std::make_shared<spdlog::logger>("registered", named.out);
  spdlog::register_logger(registered);
  {
    auto queued = adopt();
    spdlog::info("by default");
    registered->info("by name");
    CHECK(queued.stop(patience).delivered() == 2);
  }
  spdlog::drop("registered");
  spdlog::set_default_logger(before);
  CHECK(usual.out->lines() == std::vector<std::string>{"by default"});
  CHECK(named.out->lines() == std::vector<std::string>{"by name"});
}

// test_logging.py: QueueListenerTest.test_handle_called_with_queue_queue, and no_messages_in_queue_after_stop: every record
// is acknowledged.
TEST_CASE("adopt: records of many threads all come, and none twice, each thread's in order") {
  const adopted_program my;
  auto options = small_queue(overflow::block);
  auto queued = adopt(my.log, options);
  constexpr int threads = 4, records = 5000;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      for (int i = 0; i < records; ++i) my.log->info("{} {}", t, i);
    });
  for (auto& each : all) each.join();
  const auto report = queued.stop(patience);
  CHECK(report.delivered() == threads * records);
  CHECK(report.dropped() + report.left() == 0);
  check_balance(report);
  std::vector<int> next(threads, 0);
  bool in_order = true;
  for (const auto& line : my.out->lines()) {
    const auto space = line.find(' ');
    in_order = in_order && std::stoi(line.substr(space + 1)) == next[static_cast<std::size_t>(std::stoi(line.substr(0, space)))]++;
  }
  CHECK(in_order);
  CHECK(next == std::vector<int>(threads, records));
}

TEST_CASE("adopt: a record that is logged from within the sink is queued like any other") {
  const adopted_program my;
  auto* const log = my.log.get();
  my.out->on_log = [log](const auto& message) {
    if (spdlog::string_view_t(message.payload) == spdlog::string_view_t("outer")) log->info("inner");
  };
  auto queued = adopt(my.log, small_queue(overflow::block));
  my.log->info("outer");
  REQUIRE(eventually([&] { return my.out->count() == 2; }));
  queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"outer", "inner"});
}

TEST_CASE("adopt: a sink that logs more than it is given ends in counts, not in a deadlock") {
  const adopted_program my;
  auto* const log = my.log.get();
  std::atomic<bool> enough{false};
  my.out->on_log = [&, log](const auto&) {
    for (int i = 0; i < 3 && !enough; ++i) log->info("and again {:01000}", i);
  };
  auto queued = adopt(my.log, small_queue(overflow::block));
  my.log->info("once");
  REQUIRE(eventually([&] { return queued.report().sinks.front().refused > 0; }));
  enough = true;
  const auto report = queued.stop(patience);
  CHECK(report.left() == 0);
}

TEST_CASE("adopt: after stop a record from within the sink is counted, and does not deadlock") {
  const adopted_program my;
  auto* const log = my.log.get();
  my.out->on_log = [log](const auto& message) {
    if (message.payload.size() == 5) log->info("longer");
  };
  auto queued = adopt(my.log);
  queued.stop(patience);
  my.log->info("outer");
  CHECK(my.out->lines() == std::vector<std::string>{"outer"});
  CHECK(queued.report().sinks.front().refused == 1);
}

TEST_CASE("adopt: two sinks that each log to the other's logger end in counts when they are stopped, not in a deadlock") {
  const adopted_program one, two;
  one.out->on_log = [log = two.log.get()](const auto&) { log->info("from one"); };
  two.out->on_log = [log = one.log.get()](const auto&) { log->info("from two"); };
  auto queued = adopt(one.log, small_queue(overflow::drop_newest));
  queued.add(two.log);
  one.out->hang();
  two.out->hang();
  for (int i = 0; i < 100; ++i) one.log->info("one"), two.log->info("two");
  queued_report report;
  std::thread stop([&] { report = queued.stop(patience); });
  one.out->go_on();
  two.out->go_on();
  stop.join();
  CHECK(report.left() == 0);
  check_balance(report);
}

TEST_CASE("adopt: sinks that are gone with their loggers are let go, and what became of their records stays in the report") {
  auto queued = adopt(adopted_program().log);
  for (int i = 0; i < 50; ++i) {
    const adopted_program my;
    queued.add(my.log);
    my.log->info("record");
  }
  const adopted_program last;
  REQUIRE(eventually([&] {
    queued.add(last.log);
    return queued.report().sinks.size() == 2;
  }));
  const auto report = queued.report();
  CHECK(report.sinks.back().name == "released");
  CHECK(report.delivered() == 50);
  check_balance(report);
}

TEST_CASE("adopt: a sink that the program still has keeps its listener when its logger is gone") {
  const auto out = std::make_shared<scripted_sink>();
  auto log = std::make_shared<spdlog::logger>("first", out);
  auto queued = adopt(log);
  const auto stands_in = log->sinks().front().get();
  log = std::make_shared<spdlog::logger>("second", out);
  queued.add(log);
  CHECK(log->sinks().front().get() == stands_in);
}

TEST_CASE("adopt: a logger's sinks are changed while nobody flushes all loggers") {
  const adopted_program my;
  spdlog::register_logger(my.log);
  std::atomic<bool> flushed{false}, begun{false}, adopted{false};
  std::thread adopting;
  std::optional<queued> queued;
  my.out->on_flush = [&] {
    if (flushed.exchange(true)) return;
    adopting = std::thread([&] {
      begun = true;
      queued.emplace(adopt(my.log));
      adopted = true;
    });
    CHECK(eventually([&] { return begun.load(); }));
    CHECK_FALSE(eventually([&] { return adopted.load(); }, 20ms));
  };
  spdlog::apply_all([](const auto& each) { each->flush(); });  // as flush_every() does
  adopting.join();
  CHECK(adopted);
  spdlog::drop("app");
}

TEST_CASE("adopt: flush reaches the sink behind what was logged before") {
  const adopted_program my;
  auto queued = adopt(my.log);
  std::atomic<std::size_t> flushed{0};
  my.out->on_flush = [&] { flushed = my.out->count(); };
  for (std::size_t i = 1; i < 20; ++i) {
    my.log->info("one");
    my.log->flush();
    REQUIRE(eventually([&] { return flushed == i; }));
  }
  CHECK(queued.flush(patience));
  queued.stop(patience);
}

TEST_CASE("adopt: a logger that is asynchronous already is left alone") {
  const auto out = std::make_shared<scripted_sink>();
  const auto pool = std::make_shared<spdlog::details::thread_pool>(16, 1);
  const auto log = std::make_shared<spdlog::async_logger>("async", out, pool);
  CHECK(said([&] {
          const auto queued = adopt(log);
          CHECK(log->sinks().front() == out);
          CHECK(queued.report().sinks.empty());
        }) == "logrelay: warning: logger 'async' is asynchronous already: its sinks stay behind its own queue; make it a plain logger to have "
              "them adopted\n");
}

TEST_CASE("adopt: a thread that logs while another stops loses nothing and keeps its order") {
  const adopted_program my;
  auto queued = adopt(my.log);
  std::atomic<int> logged{0};
  std::atomic<bool> over{false};
  std::thread writer([&] {
    while (!over) my.log->info("{}", logged++);
  });
  REQUIRE(eventually([&] { return logged > 100; }));
  const auto report = queued.stop(patience);
  const int at_stop = logged;
  REQUIRE(eventually([&] { return logged > at_stop + 100; }));
  over = true;
  writer.join();
  const auto lines = my.out->lines();
  REQUIRE(lines.size() == static_cast<std::size_t>(logged.load()));
  bool in_order = true;
  for (std::size_t i = 0; i < lines.size(); ++i) in_order = in_order && lines[i] == std::to_string(i);
  CHECK(in_order);
  CHECK(report.left() == 0);
}

}  // namespace logrelay
