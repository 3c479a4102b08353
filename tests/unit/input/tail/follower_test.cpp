// The thread of a tail, in a relay: what it waits for, and when it is done with a file.
#include "../../relay_program.hpp"

#include <logrelay/input/tail/checkpoint.hpp>

#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

struct followed_folder {
  [[nodiscard]] names tail(const std::string& pattern, const std::string& more = "") const {
    return {"tail:" + folder / pattern + ",name=in,checkpoint=" + folder / "checkpoint" + more};
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder / name; }
  [[nodiscard]] fd opened(const std::string& name) const { return fd(::open(path(name).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)); }
  [[nodiscard]] std::string out() const { return read_if_there(path("out")); }
  [[nodiscard]] bool is_done(const std::string& name) const {
    const auto all = parse_checkpoint(read_if_there(path("checkpoint"))).value_or(std::vector<file_position>{});
    return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.done && each.path == path(name); });
  }
  const temp_folder folder;
};

/// Steps on, and lets time pass, until the condition holds.
template <typename Condition>
bool in_time(program& relay, Condition condition) {
  return relay.until([&] {
    relay.clock.pass(std::chrono::milliseconds(100));
    return condition();
  });
}

TEST_CASE("a tail reads as much as its outputs have room for and goes on when they have more") {
  const followed_folder it;
  REQUIRE(::mkfifo(it.path("fifo").c_str(), 0600) == 0);
  write_file(it.path("a.log"), numbered_lines(0, 20'000));
  program relay(it.tail("a.log"), {"fifo:" + it.path("fifo") + ",queue=16K"});
  relay.start();
  REQUIRE(in_time(relay, [&] { return relay.in().paused_by.size() == 1; }));
  CHECK(relay.in().lines < 20'000);
  const pipe_sink reading(it.path("fifo"));
  REQUIRE(relay.until([&] { return reading.bytes() == 400'000; }));
  CHECK(read_sequence(reading.text()).is_whole(20'000));
}

TEST_CASE("a tail that its outputs hold ends at once when it is told to") {
  const followed_folder it;
  REQUIRE(::mkfifo(it.path("fifo").c_str(), 0600) == 0);
  write_file(it.path("a.log"), numbered_lines(0, 20'000));
  program relay(it.tail("a.log"), {"fifo:" + it.path("fifo") + ",queue=16K"});
  relay.start();
  REQUIRE(in_time(relay, [&] { return relay.in().paused_by.size() == 1; }));
  relay.it().stop_now();
  CHECK(relay.ends());
}

TEST_CASE("a file that was renamed is done once it has been quiet for as long as linger says") {
  const followed_folder it;
  write_file(it.path("a.log"), "one\n");
  const fd late = it.opened("a.log");
  program relay(it.tail("a.log", ",linger=1s"), {it.path("out")});
  relay.start();
  REQUIRE(relay.until([&] { return it.out() == "one\n"; }));
  std::filesystem::rename(it.path("a.log"), it.path("gone"));
  write_all(late, "two\nthree");
  REQUIRE(relay.until([&] { return it.out() == "one\ntwo\n"; }));
  REQUIRE(in_time(relay, [&] { return it.out() == "one\ntwo\nthree\n"; }));
  CHECK(in_time(relay, [&] { return it.is_done("a.log"); }));
}

TEST_CASE("files over max-files wait until another is done") {
  const followed_folder it;
  write_file(it.path("a.log"), "a\n");
  write_file(it.path("b.log"), "b\n");
  program relay(it.tail("*.log", ",linger=1s,max-files=1"), {it.path("out")});
  relay.start();
  REQUIRE(relay.until([&] { return it.out() == "a\n"; }));
  std::filesystem::remove(it.path("a.log"));
  CHECK(in_time(relay, [&] { return it.out() == "a\nb\n"; }));
}

}  // namespace
}  // namespace logrelay
