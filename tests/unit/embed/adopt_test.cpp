// The pair inside an spdlog program. Beside each hole of Python's logging.handlers.QueueHandler and QueueListener that is
// closed here stands what CPython 3.11 does, measured with the few lines of tests/bench/python_pair.py.
#include <catch2/catch.hpp>
#include <logrelay/embed/adopt.hpp>
#include <support/eventually.hpp>
#include <unit/embed/scripted_sink.hpp>

#include <spdlog/async.h>
#include <spdlog/spdlog.h>

#include <set>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::patience;

struct program {
  std::shared_ptr<scripted_sink> out = std::make_shared<scripted_sink>();
  std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>("app", out);
};

adopt_options small_queue(overflow when_full) {
  adopt_options options;
  options.queue_bytes = 64 * 1024;
  options.when_full = when_full;
  options.drain = patience;
  return options;
}

// Its listener is inside the sink, and stays there.
void wait_inside(const scripted_sink& out, std::size_t records = 1) { REQUIRE(eventually([&] { return out.entered() >= records; })); }

void check_balance(const queued_report& report) {
  for (const auto& each : report.sinks) CHECK(each.account.balances());
}

}  // namespace

TEST_CASE("adopt: a record is written by another thread, once, and in order") {
  const program my;
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
  program my;
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
  program my;
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
  const program my;
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
  const program my;
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
  const program my;
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
  const program usual, named;
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
  const program my;
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

// ---- Hole 1. Python: queue.Queue(-1) grows, 100,000 records of 67 bytes to a stuck handler are 77 MB; with Queue(1000) 98,999
// of them are lost, one traceback each on stderr, and nothing in the log says that they are missing.
TEST_CASE("adopt: a queue is bounded, and what it drops is counted and announced in its place") {
  const auto policy = GENERATE(overflow::drop_oldest, overflow::drop_newest);
  const program my;
  my.out->hang();
  auto queued = adopt(my.log, small_queue(policy));
  my.log->info("first");
  wait_inside(*my.out);
  constexpr std::size_t records = 5000;
  for (std::size_t i = 0; i < records; ++i) my.log->info("record {:060}", i);
  const auto stuck = queued.report().sinks.front();
  CHECK(stuck.account.dropped().lines > 0);
  CHECK(stuck.account.queue_peak_bytes <= 64 * 1024);
  CHECK(stuck.account.balances());
  my.out->go_on();
  const auto report = queued.stop(patience);
  CHECK(report.left() == 0);
  CHECK(report.delivered() + report.dropped() == records + 1);
  std::size_t announced = 0, markers = 0;
  for (const auto& line : my.out->lines()) {
    unsigned long lines = 0;
    if (std::sscanf(line.c_str(), "logrelay: dropped %lu lines (", &lines) == 1) announced += lines, ++markers;
  }
  CHECK(markers > 0);
  CHECK(announced == report.dropped());
  CHECK(my.out->count() - markers == report.delivered());
}

TEST_CASE("adopt: a blocking queue holds who logs until there is room, and loses nothing") {
  const program my;
  my.out->hang();
  auto queued = adopt(my.log, small_queue(overflow::block));
  std::atomic<std::size_t> logged{0};
  constexpr std::size_t records = 5000;
  std::thread writer([&] {
    for (std::size_t i = 0; i < records; ++i, ++logged) my.log->info("record {:060}", i);
  });
  // It comes to a stop: what is queued is the bound, and does not grow any more while it is held.
  REQUIRE(eventually([&] { return queued.report().sinks.front().account.queue_bytes > 16 * 1024; }));
  CHECK(queued.report().sinks.front().account.queue_bytes <= 64 * 1024);
  CHECK(logged.load() < records);
  my.out->go_on();
  writer.join();
  const auto report = queued.stop(patience);
  CHECK(report.delivered() == records);
  CHECK(report.dropped() == 0);
}

TEST_CASE("adopt: an adaptive queue gives up a sink that makes no progress, and drops then") {
  const program my;
  my.out->hang();
  auto options = small_queue(overflow::adaptive);
  options.stall_after = 10ms;
  auto queued = adopt(my.log, options);
  for (int i = 0; i < 5000; ++i) my.log->info("record {:060}", i);  // would hang here for ever with `block`
  CHECK(queued.report().dropped() > 0);
  my.out->go_on();
  const auto report = queued.stop(patience);
  CHECK(report.delivered() + report.dropped() == 5000);
}

// ---- Hole 2. Python: one listener calls its handlers in turn. With a handler that sleeps 1 s the other one's records come
// 1.0 s late, each.
TEST_CASE("adopt: a hung sink delays neither its logger nor another sink") {
  const program my;
  const auto healthy = std::make_shared<scripted_sink>();
  my.log->sinks().push_back(healthy);
  my.out->hang();
  auto queued = adopt(my.log, small_queue(overflow::drop_oldest));
  for (int i = 0; i < 100; ++i) my.log->info("record {}", i);
  CHECK(eventually([&] { return healthy->count() == 100; }));
  CHECK(my.out->count() == 0);
  my.out->go_on();
  queued.stop(patience);
  CHECK(my.out->count() == 100);
}

// ---- Hole 3. Python: an exception out of handle() ends the listener's thread: 2 of 3 records stay in the queue, and so does
// everything that is logged from then on.
TEST_CASE("adopt: a sink that throws is tried again, and its thread goes on") {
  const program my;
  my.out->throws = 2;
  auto queued = adopt(my.log);
  my.log->info("first");
  my.log->info("second");
  const auto report = queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"first", "second"});
  CHECK(report.sinks.front().retries == 2);
  CHECK(report.sinks.front().last_error == "the sink threw: no space");
  CHECK(report.dropped() == 0);
}

TEST_CASE("adopt: a record that its sink refuses three times is counted, and no longer in the way of others") {
  const program my;
  my.out->throws = 3;
  auto queued = adopt(my.log);
  my.log->info("poison");
  my.log->info("food");
  const auto report = queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"food"});
  CHECK(report.sinks.front().account.rejected.lines == 1);
  CHECK(report.dropped() == 1);
  check_balance(report);
}

// ---- Hole 4. Python: on a full queue stop() raises queue.Full, and the thread goes on; with a handler that hangs it still
// waits after 2 s, and for ever; the second stop() raises AttributeError: 'NoneType' object has no attribute 'join'.
TEST_CASE("adopt: stop on a full queue of a hung sink ends at its deadline, and says what is left") {
  auto out = std::make_shared<scripted_sink>();
  const auto log = std::make_shared<spdlog::logger>("hung", out);
  out->hang();
  {
    auto queued = adopt(log, small_queue(overflow::drop_newest));
    log->info("first");
    wait_inside(*out);
    for (int i = 0; i < 5000; ++i) log->info("record {:060}", i);
    const auto report = queued.stop(10ms);
    CHECK(report.left() > 0);
    CHECK(report.sinks.front().let_go);
    check_balance(report);
    const auto again = queued.stop(10ms);
    CHECK(again.left() == report.left());
    // What is logged now would hang in the sink with its listener: it is counted instead.
    log->info("later");
    CHECK(queued.report().dropped() == report.dropped() + 1);
  }
  out->go_on();
  REQUIRE(eventually([&] { return out->count() > 0; }));  // the listener that was let go comes out, and finds all it uses
}

TEST_CASE("adopt: stop twice is stop once") {
  const program my;
  auto queued = adopt(my.log);
  my.log->info("one");
  CHECK(queued.stop(patience).delivered() == 1);
  CHECK(queued.stop(patience).delivered() == 1);
}

// test_logging.py: QueueHandlerTest.test_queue_listener_with_StreamHandler, respect_handler_level.
// ---- Hole 5. Python: levels of handlers are ignored unless asked for: one of level ERROR gets 1 of 1 INFO records.
TEST_CASE("adopt: a sink's own level is respected, also when it changes later") {
  program my;
  my.out->set_level(spdlog::level::warn);
  auto queued = adopt(my.log);
  my.log->info("no");
  my.log->warn("yes");
  REQUIRE(queued.flush(patience));
  my.out->set_level(spdlog::level::err);
  my.log->warn("no longer");
  const auto report = queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"yes"});
  CHECK(report.sinks.front().account.filtered.lines == 1);
}

TEST_CASE("adopt: a sink's level can be left out of account, as Python does") {
  program my;
  my.out->set_level(spdlog::level::err);
  adopt_options options;
  options.sink_levels = false;
  auto queued = adopt(my.log, options);
  my.log->info("all the same");
  queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"all the same"});
}

// ---- Hole 6, records at the end, is endings_test.cpp's. And: Python: nothing puts the old handlers back: after stop() the logger still has its QueueHandler, and 3 of 3
// records go into a queue that nobody reads.
TEST_CASE("adopt: after stop records go straight to the old sinks, in the thread that logs") {
  const program my;
  auto queued = adopt(my.log);
  my.log->info("queued");
  queued.stop(patience);
  my.log->info("straight");
  CHECK(my.out->lines() == std::vector<std::string>{"queued", "straight"});
  CHECK(my.out->last_thread() == std::this_thread::get_id());
  CHECK(queued.report().sinks.front().straight == 1);
}

TEST_CASE("adopt: the destructor puts the old sinks back, and leaves those that came meanwhile") {
  const program my;
  const auto later = std::make_shared<scripted_sink>();
  {
    const auto queued = adopt(my.log);
    CHECK(my.log->sinks().front() != my.out);
    my.log->sinks().push_back(later);
    my.log->info("queued");
  }
  CHECK(my.log->sinks() == std::vector<spdlog::sink_ptr>{my.out, later});
  CHECK(my.out->lines() == std::vector<std::string>{"queued"});
}

TEST_CASE("adopt: a logger that outlives what adopted it, with a copy of the sink, still logs") {
  const program my;
  std::shared_ptr<spdlog::logger> copy;
  {
    const auto queued = adopt(my.log);
    copy = my.log->clone("copy");
  }
  copy->info("straight");
  CHECK(my.out->lines() == std::vector<std::string>{"straight"});
}

TEST_CASE("adopt: a record that is logged from within the sink is queued like any other") {
  const program my;
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
  const program my;
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
  const program my;
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

TEST_CASE("adopt: flush reaches the sink behind what was logged before") {
  const program my;
  auto queued = adopt(my.log);
  my.log->info("one");
  my.log->flush();
  CHECK(eventually([&] { return my.out->flushes > 0 && my.out->count() == 1; }));
  CHECK(queued.flush(patience));
}

TEST_CASE("adopt: a logger that is asynchronous already is left alone") {
  const auto out = std::make_shared<scripted_sink>();
  const auto pool = std::make_shared<spdlog::details::thread_pool>(16, 1);
  const auto log = std::make_shared<spdlog::async_logger>("async", out, pool);
  const auto queued = adopt(log);
  CHECK(log->sinks().front() == out);
  CHECK(queued.report().sinks.empty());
}

TEST_CASE("adopt: a thread that logs while another stops loses nothing and keeps its order") {
  const program my;
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
