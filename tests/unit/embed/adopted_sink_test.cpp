#include <logrelay/embed/adopted_sink.hpp>
#include <support/eventually.hpp>
#include <unit/embed/scripted_sink.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using support::eventually;
using support::patience;
using lines = std::vector<std::string>;

struct adopted {
  explicit adopted(const adopt_options& options = {}) : ours("app", out, options) {}
  void log(const std::string& text) { ours.log({{}, "app", spdlog::level::info, text}); }
  void stop(std::chrono::milliseconds time = patience) { ours.handler().stop(time); }
  std::shared_ptr<scripted_sink> out = std::make_shared<scripted_sink>();
  adopted_sink ours;
};

}  // namespace

TEST_CASE("adopted sink: it is called from its listener, and once stopped by who logs") {
  adopted my;
  my.log("queued");
  my.stop();
  CHECK(my.out->last_thread() != std::this_thread::get_id());
  my.log("straight");
  CHECK(my.out->last_thread() == std::this_thread::get_id());
  const auto report = my.ours.report();
  CHECK(report.delivered() == 1);
  CHECK(report.straight == 1);
  CHECK(my.out->lines() == lines{"queued", "straight"});
}

TEST_CASE("adopted sink: a pattern and a formatter reach the sink, while it has a listener and later") {
  adopted my;
  my.ours.set_pattern("%v!");
  my.log("one");
  my.stop();
  my.ours.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v?"));
  my.log("two");
  CHECK(my.out->lines() == lines{"one!", "two?"});
}

TEST_CASE("adopted sink: flush waits for nothing while there is a listener, and is the sink's own later") {
  adopted my;
  my.out->hang();
  my.log("one");
  REQUIRE(eventually([&] { return my.out->entered() == 1; }));
  my.ours.flush();
  CHECK(my.out->flushes == 0);
  my.out->go_on();
  my.stop();
  const std::size_t before = my.out->flushes;
  CHECK(before > 0);
  my.ours.flush();
  CHECK(my.out->flushes == before + 1);
}

TEST_CASE("adopted sink: what is below the sink's level is not even queued, unless levels are left out of account") {
  adopt_options all;
  all.sink_levels = false;
  adopted by_level, by_none(all);
  for (auto* each : {&by_level, &by_none}) {
    each->out->set_level(spdlog::level::warn);
    each->log("one");
    each->stop();
    each->log("two");  // straight to it
  }
  CHECK(by_level.ours.report().account.accepted.lines == 0);
  CHECK(by_level.out->lines().empty());
  CHECK(by_none.out->lines() == lines{"one", "two"});
}

TEST_CASE("adopted sink: the sink's level counts as it is now, where it is lowered too") {
  adopted my;
  my.out->set_level(spdlog::level::warn);
  my.log("no");
  my.out->set_level(spdlog::level::debug);
  my.log("yes");
  my.stop();
  my.out->set_level(spdlog::level::warn);
  my.log("no longer");
  CHECK(my.out->lines() == lines{"yes"});
}

TEST_CASE("adopted sink: a level that is set on it is handed on to the sink") {
  adopted my;
  my.out->set_level(spdlog::level::warn);
  my.ours.set_level(spdlog::level::debug);
  my.log("lowered");
  CHECK(my.out->level() == spdlog::level::debug);
  my.ours.set_level(spdlog::level::err);
  my.ours.hand_level_on();
  CHECK(my.out->level() == spdlog::level::err);
  my.log("raised");
  my.out->set_level(spdlog::level::info);
  my.log("lowered again");
  my.stop();
  CHECK(my.out->lines() == lines{"lowered", "lowered again"});
}

TEST_CASE("adopted sink: a record that would have to wait for a hung listener is refused, and counted") {
  adopted my;
  my.out->hang();
  my.log("one");
  REQUIRE(eventually([&] { return my.out->entered() == 1; }));
  my.stop(std::chrono::milliseconds(1));
  CHECK(my.ours.report().let_go);
  my.log("two");
  CHECK(my.ours.report().refused == 1);
  my.out->go_on();
  REQUIRE(eventually([&] { return my.out->count() == 1; }));
}

}  // namespace logrelay
