// A relay with a spool is killed at random moments and started again: what it had on disk is delivered first, in order,
// and nothing of it is missing. LOGRELAY_KILLS says how many, for who has the time.
#include <e2e/relay_under_test.hpp>
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/sink.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

using namespace logrelay;
using namespace logrelay::support;

namespace {

constexpr std::size_t line_bytes = 60;

int kills() {
  const char* const given = std::getenv("LOGRELAY_KILLS");
  return given ? std::atoi(given) : 12;
}

std::uint64_t number_in(std::string_view line) { return std::stoull(std::string(line.substr(0, line.find(' ')))); }

/// What all runs delivered: whole lines, each behind the one before it, except that it may begin again further in front.
struct delivery {
  explicit delivery(const std::vector<bool>& safe) : safe_(safe) {}

  void add(const std::string& text) {
    for (const auto& line : split_lines(text)) {
      if (line.size() + 1 != line_bytes) continue;  // torn by a kill, and repeated by the next run
      const auto number = number_in(line);
      for (; next < number; ++next) missing += safe_.get()[next] ? 1 : 0;
      if (number < next) ++repeated;
      next = std::max(next, number + 1);
    }
  }

  std::uint64_t repeated = 0, missing = 0;
  std::uint64_t next = 0;  // expected

 private:
  std::reference_wrapper<const std::vector<bool>> safe_;
};

}  // namespace

TEST_CASE("a spool delivers after each KILL what it had and nothing of it is missing") {
  const std::string sync = GENERATE("none", "20ms", "batch");
  const bool tcp = GENERATE(true, false);
  INFO("sync " << sync << (tcp ? " tcp" : " file"));
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const temp_folder folder;
  auto sink = stream_sink::tcp();
  const auto words = std::vector<std::string>{(tcp ? sink.endpoint() : folder / "out") + ",name=o,spool=" + (folder / "spool") +
                                              ",spool-size=64M,segment=256K,sync=" + sync};
  std::vector<bool> safe;  // for each line whether it was on disk before a kill
  for (int round = 0; round < kills(); ++round) {
    relay_under_test relay(folder, words);
    const auto write = [&](std::uint64_t count, bool is_safe) {
      relay.write(numbered_lines(safe.size(), count, line_bytes));
      safe.resize(safe.size() + count, is_safe);
    };
    const auto first = 1 + random() % 3000;
    write(first, true);
    REQUIRE(eventually([&] {
      const auto now = relay.now().output("o");
      return now.accepted() - now.count("found_lines") == first && now.pending() == now.count("spooled_lines");
    }));
    // What comes now is on its way when it is killed, and may be lost.
    if (random() % 2 == 0) write(random() % 500, false);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));  // the random moment
    relay.send(SIGKILL);
    REQUIRE(relay.wait(patience)->signal == SIGKILL);
  }
  running_relay last(folder, words);
  last.feed(numbered_lines(safe.size(), 1, line_bytes));
  safe.push_back(true);
  const auto text = [&] { return tcp ? sink.text() : read_file(folder / "out"); };
  delivery all(safe);
  const bool complete = eventually([&] {
    all = delivery(safe);
    all.add(text());
    return all.next == safe.size();
  });
  CHECK(complete);
  CHECK(all.missing == 0);
  // At most a megabyte, and what was on its way, for each kill.
  CHECK(all.repeated * line_bytes <= static_cast<std::uint64_t>(kills()) * (3 << 20));
  CHECK(names_in(folder.path() / "spool").empty());
}

TEST_CASE("a spool keeps what a dead remote does not take and the next start delivers it first") {
  const temp_folder folder;
  auto sink = stream_sink::tcp({.listens = false});
  const std::string kind = GENERATE("spool", "spill");
  const std::vector<std::string> words{sink.endpoint() + ",name=o,stall-after=100ms," + kind + "=" + (folder / "disk") + ",queue=256K",
                                       folder / "beside"};
  const auto text = numbered_lines(0, 30'000, line_bytes);
  {
    running_relay relay(folder, words);
    if (kind == "spill") {
      relay->write(text);
      relay->send(SIGTERM);
    } else {
      relay->write(text);
      relay->close_input();
    }
    const auto report = relay.end(0);
    REQUIRE(report.output("o").pending() == 30'000);
    REQUIRE(report.output("o").count("spooled_lines") == 30'000);
    REQUIRE(difference(read_file(folder / "beside"), text) == "");
  }
  sink.listen();
  running_relay relay(folder, words);
  const auto more = numbered_lines(30'000, 100, line_bytes);
  const auto report = relay.feed(more);
  REQUIRE(report.output("o").count("found_lines") == 30'000);
  REQUIRE(report.output("o").delivered() == 30'100);
  REQUIRE(eventually([&] { return sink.text().size() == text.size() + more.size(); }));
  REQUIRE(difference(sink.text(), text + more) == "");
  REQUIRE(names_in(folder.path() / "disk").empty());
}

TEST_CASE("a spool's directory belongs to one relay and no two outputs share it") {
  const temp_folder folder;
  running_relay relay(folder, {(folder / "out") + ",spool=" + (folder / "disk")});
  relay->write("line\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  const auto refused = run({LOGRELAY_PROGRAM, (folder / "other") + ",spool=" + (folder / "disk")});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.errors, Catch::Contains("unable to use the folder " + (folder / "disk")) && Catch::Contains("holds it"));
  CHECK_FALSE(std::filesystem::exists(folder / "other"));
  relay->close_input();
  relay.end();
  const auto twice = run({LOGRELAY_PROGRAM, "--check", (folder / "a") + ",spool=" + (folder / "disk"), (folder / "b") + ",spill=" + (folder / "disk/")});
  CHECK(twice.status == 2);
  CHECK_THAT(twice.errors, Catch::Contains("each needs its own"));
  const auto wrong = run({LOGRELAY_PROGRAM, "--check", (folder / "a") + ",spool=x,spill=y,sync=never,segment=16M,spool-size=1M"});
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.errors, Catch::Contains("'spool' and 'spill' are given both") && Catch::Contains("'sync=never'") && Catch::Contains("an eighth"));
}
