// Python's dictConfig in spirit, test_logging.py: ConfigDictTest.
#include <logrelay/embed/configure.hpp>
#include <unit/embed/scripted_sink.hpp>

#include <catch2/catch.hpp>
#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <spdlog/async_logger.h>
#include <spdlog/spdlog.h>

#include <fstream>

namespace logrelay {
namespace {

using namespace logrelay::support;

/// A registry that is as it was found when the test ends.
class own_registry {
 public:
  own_registry() : before_(spdlog::default_logger()) {
    spdlog::drop_all();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(""));
  }
  ~own_registry() {
    spdlog::drop_all();
    spdlog::set_default_logger(before_);
  }
  own_registry(const own_registry&) = delete;
  own_registry& operator=(const own_registry&) = delete;

 private:
  std::shared_ptr<spdlog::logger> before_;
};

struct configured_program {
  const temp_folder folder{};
  const own_registry registry{};

  [[nodiscard]] std::string output(const std::string& name, const std::string& more = "") const {
    return "[[output]]\nendpoint = '" + (folder / name) + "'\nname = '" + name + "'\nformat = '{msgid} {level} {message}'\n" + more;
  }
  [[nodiscard]] std::string lines(const std::string& name) const { return read_file(folder / name); }
};

}  // namespace

TEST_CASE("configure: loggers get the levels and outputs that the text names") {
  const configured_program my;
  auto queued = configure_text(my.output("all.log") + my.output("net.log") +
                               "[[logger]]\nlevel = 'warning'\noutputs = 'all.log'\n"
                               "[[logger]]\nname = 'net'\nlevel = 'debug'\noutputs = ['all.log', 'net.log']\n");
  spdlog::info("too little");
  spdlog::warn("from the default logger");
  const auto net = spdlog::get("net");
  REQUIRE(net);
  net->debug("connected");
  net->trace("too little");
  const auto report = queued.stop(patience);
  CHECK(my.lines("all.log") == "- warning from the default logger\nnet debug connected\n");
  CHECK(my.lines("net.log") == "net debug connected\n");
  CHECK(report.delivered() == 3);
  CHECK(report.dropped() == 0);
}

TEST_CASE("configure: a file's mistakes are told with its name, and a file that is not there") {
  const configured_program my;
  const auto path = my.folder / "app.toml";
  std::ofstream(path) << my.output("a.log") << "[[logger]]\nlvel = 'info'\n";
  CHECK_THROWS_WITH(configure_file(path), path + ":6:1: the default logger: unknown option 'lvel' (did you mean 'level'?)");
  CHECK_THROWS_WITH(configure_file(my.folder / "none.toml"), Catch::Contains("No such file or directory"));
  std::ofstream(path) << my.output("a.log") << "[[logger]]\n";
  auto queued = configure_file(path);
  spdlog::error("said");
  queued.stop(patience);
  CHECK(my.lines("a.log") == "- err said\n");
}

TEST_CASE("configure: one output of several loggers has one queue and one listener") {
  const configured_program my;
  auto queued = configure_text(my.output("a.log") + "[[logger]]\n[[logger]]\nname = 'net'\n");
  CHECK(spdlog::get("net")->sinks() == spdlog::default_logger()->sinks());
  spdlog::info("one");
  spdlog::get("net")->info("two");
  spdlog::info("three");
  const auto report = queued.stop(patience);
  REQUIRE(report.sinks.size() == 1);
  CHECK(report.sinks.front().name == "a.log");
  CHECK(my.lines("a.log") == "- info one\nnet info two\n- info three\n");
}

TEST_CASE("configure: a logger that is there stays the same one, and has its sinks and level again at the end") {
  const configured_program my;
  const auto old = std::make_shared<scripted_sink>(), later = std::make_shared<scripted_sink>();
  const auto net = std::make_shared<spdlog::logger>("net", old);
  spdlog::register_logger(net);
  net->set_level(spdlog::level::err);
  {
    const auto queued = configure_text(my.output("a.log") + "[[logger]]\nname = 'net'\nlevel = 'info'\n");
    CHECK(spdlog::get("net") == net);
    net->info("to the file");
    net->sinks().push_back(later);
  }
  CHECK(net->sinks() == std::vector<spdlog::sink_ptr>{old, later});
  CHECK(net->level() == spdlog::level::err);
  CHECK(old->count() == 0);
  CHECK(my.lines("a.log") == "net info to the file\n");
}

TEST_CASE("configure: a logger that it made goes with it, and whoever keeps it logs nowhere") {
  const configured_program my;
  std::shared_ptr<spdlog::logger> kept;
  {
    const auto queued = configure_text(my.output("a.log") + "[[logger]]\nname = 'net'\n");
    kept = spdlog::get("net");
    kept->info("one");
  }
  CHECK_FALSE(spdlog::get("net"));
  kept->info("two");
  CHECK(my.lines("a.log") == "net info one\n");
}

TEST_CASE("configure: a program without a default logger gets one") {
  const configured_program my;
  spdlog::set_default_logger(nullptr);
  {
    auto queued = configure_text(my.output("a.log") + "[[logger]]\n");
    spdlog::info("one");
    CHECK(queued.stop(patience).delivered() == 1);
  }
  CHECK_FALSE(spdlog::default_logger());
}

TEST_CASE("configure: a mistake changes nothing at all") {
  const configured_program my;
  const auto out = std::make_shared<scripted_sink>();
  spdlog::default_logger()->sinks() = {out};
  const auto nowhere = "[[output]]\nendpoint = '/proc/nowhere/app.log'\n", nobody = "[[output]]\nendpoint = '/proc/nobody/app.log'\n";
  const auto loggers = "[[logger]]\nlevel = 'off'\n[[logger]]\nname = 'net'\n";
  SECTION("in the text") { CHECK_THROWS_WITH(configure_text(my.output("a.log", "rotat = 1\n") + loggers), Catch::StartsWith("configuration:5:1: output 'a.log'")); }
  SECTION("outputs that cannot be opened, of which all are told") {
    CHECK_THROWS_WITH(configure_text(my.output("a.log") + nowhere + nobody + loggers),
                      Catch::Contains("configuration:6:1: ") && Catch::Contains("nowhere") && Catch::Contains("nobody"));
  }
  SECTION("outputs that can be opened, beside one that cannot: what was made for them goes") {
    CHECK_THROWS_WITH(configure_text(my.output("new/a.log") + my.output("b.log", "spool = '" + (my.folder / "spool") + "'\n") + nowhere + loggers),
                      Catch::Contains("nowhere"));
  }
  SECTION("a logger that has a queue of spdlog's") {
    const auto pool = std::make_shared<spdlog::details::thread_pool>(16, 1);
    spdlog::register_logger(std::make_shared<spdlog::async_logger>("net", out, pool));
    CHECK_THROWS_WITH(configure_text(my.output("a.log") + loggers), "configuration:7:1: logger 'net' is asynchronous already: make it a plain one");
    spdlog::drop("net");
  }
  SECTION("a logger by its name that is the default one too") {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("net", out));
    CHECK_THROWS_WITH(configure_text(my.output("a.log") + loggers), "configuration:7:1: logger 'net' and the default logger are one, which has a table already");
  }
  CHECK(spdlog::default_logger()->sinks() == std::vector<spdlog::sink_ptr>{out});
  CHECK(spdlog::default_logger()->level() == spdlog::level::info);
  CHECK((!spdlog::get("net") || spdlog::get("net") == spdlog::default_logger()));
  CHECK(std::filesystem::is_empty(my.folder.path()));
}

TEST_CASE("configure: a logger has one configuration at a time") {
  const configured_program my;
  const auto text = my.output("app.log") + "[[logger]]\nname = 'app'\noutputs = 'app.log'\n";
  {
    const auto first = configure_text(text);
    CHECK_THROWS_WITH(configure_text(text),
                      "configuration:5:1: logger 'app' has a configuration already: destroy what the first one returned before the second is made");
    spdlog::get("app")->info("one");
  }
  const auto second = configure_text(text);
  spdlog::get("app")->info("two");
}

TEST_CASE("configure: after stop records are refused, and counted") {
  const configured_program my;
  auto queued = configure_text(my.output("a.log") + "[[logger]]\n");
  queued.stop(patience);
  spdlog::info("too late");
  CHECK(queued.report().dropped() == 1);
  CHECK(my.lines("a.log").empty());
}

TEST_CASE("configure: with format=raw the pattern of the program's registry makes the lines") {
  const configured_program my;
  spdlog::set_pattern("%n: %v");
  auto queued = configure_text("[[output]]\nendpoint = '" + (my.folder / "a.log") + "'\n[[logger]]\nname = 'net'\n");
  spdlog::get("net")->info("one");
  queued.stop(patience);
  CHECK(my.lines("a.log") == "net: one\n");
  spdlog::set_pattern("%+");
}

TEST_CASE("configure: the registry's pattern is that of loggers that were there, too") {
  const configured_program my;
  spdlog::set_pattern("said: %v");
  auto queued = configure_text("[[output]]\nendpoint = '" + (my.folder / "a.log") + "'\n[[logger]]\n");
  spdlog::info("one");
  queued.stop(patience);
  CHECK(my.lines("a.log") == "said: one\n");
  CHECK(spdlog::default_logger()->sinks().size() == 1);
  spdlog::set_pattern("%+");
}

}  // namespace logrelay
