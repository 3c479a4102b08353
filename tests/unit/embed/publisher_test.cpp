#include "shelf.hpp"

#include <catch2/catch.hpp>
#include <logrelay/embed/publisher.hpp>
#include <logrelay/output/output.hpp>
#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <thread>

namespace logrelay {

using namespace logrelay::support;

TEST_CASE("publisher: lines of any thread come to an output of one's own") {
  const auto one = std::make_shared<shelf>();
  publisher to(onto(one));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) to.publish("line");
    });
  for (auto& each : threads) each.join();
  const auto report = to.stop(patience);
  CHECK(report.delivered() == 300);
  CHECK(report.account.balances());
  CHECK(split_lines(one->all()) == std::vector<std::string>(300, "line"));
}

TEST_CASE("publisher: an endpoint is written as for the program") {
  const temp_folder folder;
  publisher to((folder / "a.log") + ",format={level} {message}");
  CHECK(to.publish("said", level::notice));
  CHECK(to.stop(patience).delivered() == 1);
  CHECK(read_file(folder / "a.log") == "notice said\n");
  CHECK_FALSE(to.publish("too late"));
  CHECK(to.report().refused == 1);
}

TEST_CASE("publisher: an output that throws is tried again") {
  class thrower final : public output {
   public:
    result open(waiter&) override { return {}; }
    bool keeps_place() const override { return true; }
    write_result write(const outgoing& lines) override {
      if (++writes_ == 1) throw std::runtime_error("not now");
      if (writes_ == 2) throw 2;
      return {lines.bytes()};
    }
    void close(std::size_t) noexcept override {}

   private:
    int writes_ = 0;
  };
  custom_output made;
  made.name = "thrower";
  made.make = [] { return std::make_unique<thrower>(); };
  publisher to(made);
  to.publish("line");
  const auto report = to.stop(patience);
  CHECK(report.delivered() == 1);
  CHECK(report.retries == 2);
  CHECK(report.last_error == "the output threw something that is no std::exception");
}

TEST_CASE("publisher: an output that publishes to its own full queue is refused, and does not wait for itself") {
  class chatty final : public output {
   public:
    explicit chatty(publisher** own) : own_(own) {}
    result open(waiter&) override { return {}; }
    write_result write(const outgoing& lines) override {
      if (!said_)
        for (int i = 0; i < 200; ++i) (*own_)->publish(std::string(1000, 'z'));
      said_ = true;
      return {lines.bytes()};
    }
    void close(std::size_t) noexcept override {}

   private:
    publisher** const own_;
    bool said_ = false;
  };
  publisher* own = nullptr;
  custom_output made;
  made.name = "chatty";
  made.make = [&own] { return std::make_unique<chatty>(&own); };
  made.rules.capacity_bytes = 64 * 1024;
  made.rules.when_full = overflow::block;
  publisher to(made);
  own = &to;
  to.publish("line");
  REQUIRE(eventually([&] { return to.report().refused > 0; }));
  const auto report = to.stop(patience);
  CHECK(report.delivered() + report.refused == 201);
}

TEST_CASE("publisher: a file that cannot be opened is an error, and nothing is started") {
  CHECK_THROWS_AS(publisher("/proc/nowhere/a.log"), error);
}

TEST_CASE("publisher: a peer's answer is not missed for the time that the listener looked for records") {
  // Its answer comes a moment after the naps, and nothing tells of it.
  class slow_peer final : public output {
   public:
    result open(waiter&) override { return {}; }
    write_result write(const outgoing& lines) override {
      wrote_ = std::chrono::steady_clock::now();
      bytes_ += lines.bytes();
      return {lines.bytes()};
    }
    std::uint64_t unacked() override { return std::chrono::steady_clock::now() - wrote_ < std::chrono::milliseconds(20) ? bytes_ : 0; }
    void close(std::size_t) noexcept override {}

   private:
    steady_time wrote_{};
    std::uint64_t bytes_ = 0;
  };
  custom_output made;
  made.name = "slow peer";
  made.make = [] { return std::make_unique<slow_peer>(); };
  made.rules.stall_after = std::chrono::hours(1);  // the longest that it may stay away is an eighth of this
  publisher to(made);
  to.publish("line");
  CHECK(to.flush(std::chrono::seconds(2)));  // of looks that take twice as long each time, some 60 ms
}

TEST_CASE("publisher: of two deadlines for a stop the first to come counts, and what is left then is not flushed for ever") {
  const auto one = std::make_shared<shelf>();
  one->shut = true;
  publisher to(onto(one));
  to.publish("line");
  std::uint64_t left = 0;
  std::thread other([&] { left = to.stop(std::chrono::milliseconds::max()).left(); });
  CHECK(to.stop(std::chrono::milliseconds(0)).left() == 1);
  other.join();
  CHECK(left == 1);
  CHECK_FALSE(to.flush(std::chrono::milliseconds::max()));
}

TEST_CASE("publisher: a stop does not wait for what is safe on disk while its output makes no progress") {
  const temp_folder folder;
  publisher to("unix:" + (folder / "nobody.sock") + ",stall-after=10ms,spool=" + (folder / "spool"));
  for (int i = 0; i < 100; ++i) to.publish("line");
  const auto report = to.stop(std::chrono::milliseconds::max());
  CHECK(report.account.spooled.lines == 100);
  CHECK(report.left() == 0);
}

TEST_CASE("publisher: flush waits for what was published before") {
  const auto one = std::make_shared<shelf>();
  publisher to(onto(one));
  to.publish("here");
  CHECK(to.flush(patience));
  CHECK(one->all() == "here\n");
}

}  // namespace logrelay
