#include <catch2/catch.hpp>
#include <logrelay/embed/adopt.hpp>
#include <logrelay/embed/sink.hpp>
#include <logrelay/util/fd.hpp>
#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>

namespace logrelay {
namespace {

using namespace logrelay::support;

publisher_report stopped(const spdlog::sink_ptr& one) { return publisher_of(*one)->stop(patience); }

}  // namespace

TEST_CASE("sink: any output is a sink, with the pattern of its logger") {
  const temp_folder folder;
  const auto out = sink(folder / "app.log");
  spdlog::logger log("app", out);
  log.set_pattern("[%n] [%l] %v");
  log.info("one");
  log.warn("two\nlines");
  const auto report = stopped(out);
  CHECK(report.delivered() == 2);
  CHECK(report.account.balances());
  CHECK(read_file(folder / "app.log") == "[app] [info] one\n[app] [warning] two\\nlines\n");
}

TEST_CASE("sink: a program's own descriptor stays open when the sink is gone") {
  const temp_folder folder;
  const fd file(::open((folder / "app.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
  {
    spdlog::logger log("app", sink("fd:" + std::to_string(file.get())));
    log.set_pattern("%v");
    log.info("from the sink");
  }
  CHECK(::write(file.get(), "and from us\n", 12) == 12);
  CHECK(read_file(folder / "app.log") == "from the sink\nand from us\n");
}

TEST_CASE("sink: what a program's own flag throws costs its text and no record") {
  struct broken_flag final : spdlog::custom_flag_formatter {
    void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t&) override { throw std::runtime_error("broken"); }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<broken_flag>(); }
  };
  const temp_folder folder;
  const auto out = sink(folder / "app.log");
  auto pattern = std::make_unique<spdlog::pattern_formatter>();
  pattern->add_flag<broken_flag>('*').set_pattern("[%*] %v");
  out->set_formatter(std::move(pattern));
  spdlog::logger("app", out).info("one");
  CHECK(stopped(out).delivered() == 1);
  CHECK(read_file(folder / "app.log") == "one\n");
}

TEST_CASE("sink: a new pattern does not wait for who makes a record's text") {
  class waiting_flag final : public spdlog::custom_flag_formatter {
   public:
    explicit waiting_flag(std::shared_ptr<std::pair<std::atomic<bool>, std::atomic<bool>>> state) : state_(std::move(state)) {}
    void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t&) override {
      state_->first = true;
      static_cast<void>(eventually([&] { return state_->second.load(); }));
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<waiting_flag>(state_); }

   private:
    std::shared_ptr<std::pair<std::atomic<bool>, std::atomic<bool>>> state_;
  };
  const temp_folder folder;
  const auto out = sink(folder / "app.log");
  spdlog::logger log("app", out);
  const auto state = std::make_shared<std::pair<std::atomic<bool>, std::atomic<bool>>>(false, false);  // it is in it, it may go on
  auto waits = std::make_unique<spdlog::pattern_formatter>();
  waits->add_flag<waiting_flag>('*', state).set_pattern("%*old %v");
  log.set_formatter(std::move(waits));
  log.info("one");
  out->flush();
  REQUIRE(eventually([&] { return state->first.load(); }));
  log.set_pattern("new %v");
  log.info("two");
  state->second = true;
  CHECK(stopped(out).delivered() == 2);
  CHECK(read_file(folder / "app.log") == "old one\nnew two\n");
}

TEST_CASE("sink: a file rotates between records") {
  const temp_folder folder;
  const auto out = sink((folder / "app.log") + ",rotate=1K,keep=100,naming=number");
  spdlog::logger log("app", out);
  log.set_pattern("%v");
  for (int i = 0; i < 100; ++i) log.info("{:079}", i);
  CHECK(stopped(out).delivered() == 100);
  const auto newest = read_file(folder / "app.log.1");
  CHECK(newest.size() > 500);
  CHECK(newest.size() <= 1024);
  CHECK(newest.size() % 80 == 0);
}

TEST_CASE("sink: formats find level, logger, program and message of a record") {
  const temp_folder folder;
  const auto out = sink((folder / "app.json") + ",format=json");
  spdlog::logger log("net", out);
  log.error("refused\nagain");
  stopped(out);
  const auto object = nlohmann::json::parse(read_file(folder / "app.json"));
  CHECK(object.at("level") == "err");
  CHECK(object.at("msgid") == "net");
  CHECK(object.at("app") == std::string(program_invocation_short_name));
  CHECK(object.at("pid") == std::to_string(::getpid()));
  CHECK(object.at("message") == "refused\nagain");
}

TEST_CASE("sink: filters see the record's level and its message alone") {
  const temp_folder folder;
  const auto out = sink((folder / "app.log") + ",level=warning,reject=^secret");
  spdlog::logger log("app", out);
  log.set_pattern("%v");
  log.info("too little");
  log.warn("secret");
  log.warn("said");
  const auto report = stopped(out);
  CHECK(read_file(folder / "app.log") == "said\n");
  CHECK(report.account.filtered.lines == 2);
}

TEST_CASE("sink: what is wrong with an endpoint is said, all of it") {
  CHECK_THROWS_WITH(sink("app.log,rotat=64M,keep=x"), Catch::Contains("rotat") && Catch::Contains("keep"));
  CHECK_THROWS_AS(sink("/proc/nowhere/app.log"), error);
}

TEST_CASE("sink: a spool brings records over a restart, with all that they are") {
  const temp_folder folder;
  const auto port_of_nobody = "unix:" + (folder / "nobody.sock");
  {
    const auto out = sink(port_of_nobody + ",spool=" + (folder / "spool") + ",format=rfc5424", publisher::standard_kinds(), std::chrono::milliseconds(50));
    spdlog::logger log("net", out);
    log.error("kept");
    const auto report = publisher_of(*out)->stop(std::chrono::milliseconds(50));
    CHECK(report.left() == 0);
    CHECK(report.account.spooled.lines == 1);
  }
  const auto again = sink((folder / "app.json") + ",format=json,spool=" + (folder / "spool"));
  CHECK(stopped(again).delivered() == 1);
  const auto object = nlohmann::json::parse(read_file(folder / "app.json"));
  CHECK(object.at("message") == "kept");
  CHECK(object.at("level") == "err");
  CHECK(object.at("msgid") == "net");
}

TEST_CASE("sink: adopt leaves it as it is, since it is queued already") {
  const auto out = sink("null:");
  const auto log = std::make_shared<spdlog::logger>("app", out);
  const auto queued = adopt(log);
  CHECK(log->sinks().front() == out);
  CHECK(queued.report().sinks.empty());
}

TEST_CASE("sink: the pattern may change while records are written") {
  const temp_folder folder;
  const auto out = sink(folder / "app.log");
  spdlog::logger log("app", out);
  for (int i = 0; i < 100; ++i) {
    log.set_pattern(i % 2 == 0 ? "%v" : "%v!");
    log.info("{}", i);
  }
  CHECK(stopped(out).delivered() == 100);
}

}  // namespace logrelay
