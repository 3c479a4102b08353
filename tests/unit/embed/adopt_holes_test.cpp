// The holes of Python's logging.handlers.QueueHandler and QueueListener, closed. Beside each stands what CPython 3.11 does,
// measured with the few lines of tests/bench/python_pair.py.
#include <unit/embed/adopted_program.hpp>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::patience;

}  // namespace

// ---- Hole 1. Python: queue.Queue(-1) grows, 100,000 records of 67 bytes to a stuck handler are 77 MB; with Queue(1000) 98,999
// of them are lost, one traceback each on stderr, and nothing in the log says that they are missing.
TEST_CASE("adopt: a queue is bounded, and what it drops is counted and announced in its place") {
  const auto policy = GENERATE(overflow::drop_oldest, overflow::drop_newest);
  const adopted_program my;
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
  const adopted_program my;
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
  const adopted_program my;
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
  const adopted_program my;
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
  const adopted_program my;
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
  const adopted_program my;
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

TEST_CASE("adopt: a deadline beyond all time is none, for flush, stop and the destructor") {
  constexpr auto for_ever = std::chrono::milliseconds::max();
  const std::string way = GENERATE("flush", "stop", "destructor");
  const adopted_program my;
  my.out->hang();
  adopt_options options;
  options.drain = for_ever;
  auto queued = std::make_unique<logrelay::queued>(adopt(my.log, options));
  my.log->info("one");
  wait_inside(*my.out);
  std::atomic<bool> over{false};
  bool flushed = true;
  std::thread waits([&] {
    if (way == "flush") flushed = queued->flush(for_ever);
    if (way == "stop") queued->stop(for_ever);
    if (way == "destructor") queued.reset();
    over = true;
  });
  CHECK_FALSE(eventually([&] { return over.load(); }, 400ms));
  my.out->go_on();
  waits.join();
  CHECK(flushed);
  CHECK(my.out->count() == 1);
}

TEST_CASE("adopt: many hung sinks are given up at one deadline, and no healthy one waits for them") {
  constexpr std::size_t many = 20;
  std::vector<adopted_program> hung(many);
  const adopted_program healthy;
  auto queued = adopt(hung.front().log);
  for (const auto& each : hung) {
    each.out->hang();
    queued.add(each.log);
    each.log->info("one");
    wait_inside(*each.out);
  }
  queued.add(healthy.log);  // behind them
  std::atomic<bool> over{false}, logged_meanwhile{false};
  std::thread logs([&] {
    while (healthy.out->last_thread() != std::this_thread::get_id() && !over) healthy.log->info("mine");
    logged_meanwhile = !over;
  });
  const auto began = std::chrono::steady_clock::now();
  const auto report = queued.stop(500ms);
  over = true;
  const auto took = std::chrono::steady_clock::now() - began;
  logs.join();
  CHECK(took >= 500ms);
  CHECK(took < 3s);  // one after the other they took 5.5 s
  CHECK(report.left() == many);
  CHECK(logged_meanwhile);  // straight to its sink, before the stop was over
  for (const auto& each : hung) each.out->go_on();
  for (const auto& each : hung) REQUIRE(eventually([&] { return each.out->count() == 1; }));
}

TEST_CASE("adopt: stop twice is stop once") {
  const adopted_program my;
  auto queued = adopt(my.log);
  my.log->info("one");
  CHECK(queued.stop(patience).delivered() == 1);
  CHECK(queued.stop(patience).delivered() == 1);
}

// test_logging.py: QueueHandlerTest.test_queue_listener_with_StreamHandler, respect_handler_level.
// ---- Hole 5. Python: levels of handlers are ignored unless asked for: one of level ERROR gets 1 of 1 INFO records.
TEST_CASE("adopt: a sink's own level is respected, also when it changes later") {
  adopted_program my;
  my.out->set_level(spdlog::level::warn);
  my.out->hang();
  auto queued = adopt(my.log);
  my.log->info("no");
  my.log->warn("yes");
  wait_inside(*my.out);
  my.log->warn("queued, and no longer");
  my.out->set_level(spdlog::level::err);
  my.log->warn("not even queued");
  my.out->go_on();
  const auto report = queued.stop(patience);
  CHECK(my.out->lines() == std::vector<std::string>{"yes"});
  CHECK(report.sinks.front().account.accepted.lines == 2);
  CHECK(report.sinks.front().account.filtered.lines == 1);
}

TEST_CASE("adopt: a sink's level can be left out of account, as Python does") {
  adopted_program my;
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
  const adopted_program my;
  auto queued = adopt(my.log);
  my.log->info("queued");
  queued.stop(patience);
  my.log->info("straight");
  CHECK(my.out->lines() == std::vector<std::string>{"queued", "straight"});
  CHECK(my.out->last_thread() == std::this_thread::get_id());
  CHECK(queued.report().sinks.front().straight == 1);
}

TEST_CASE("adopt: the destructor puts the old sinks back, and leaves those that came meanwhile") {
  const adopted_program my;
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

TEST_CASE("adopt: a level that was set on what stood in the logger is the old sink's at the end") {
  const adopted_program my;
  {
    const auto queued = adopt(my.log);
    my.log->sinks().front()->set_level(spdlog::level::err);
  }
  CHECK(my.out->level() == spdlog::level::err);
}

TEST_CASE("adopt: a logger that outlives what adopted it, with a copy of the sink, still logs") {
  const adopted_program my;
  std::shared_ptr<spdlog::logger> copy;
  {
    const auto queued = adopt(my.log);
    copy = my.log->clone("copy");
  }
  copy->info("straight");
  CHECK(my.out->lines() == std::vector<std::string>{"straight"});
}

}  // namespace logrelay
