// The command of after-rotate: what it gets, how it ends, and that none hangs for ever.
#include <catch2/catch.hpp>
#include <logrelay/error.hpp>
#include <logrelay/output/file/hook.hpp>
#include <logrelay/util/child.hpp>
#include <support/eventually.hpp>
#include <support/temp_folder.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using namespace support;

struct fixture {
  wake ours;
  waiter until{ours};
  temp_folder folder;
  std::optional<int> run(const std::string& command, std::chrono::milliseconds most = 1h) {
    return run_hook("cd '" + folder.path().string() + "'; " + command, "a b.log.1", most, until);
  }
};

TEST_CASE_METHOD(fixture, "a hook gets the file's name as argument and in the environment") {
  REQUIRE(run("echo \"$1 $LOGRELAY_FILE\" > told") == 0);
  REQUIRE(read_file(folder / "told") == "a b.log.1 a b.log.1\n");
}

TEST_CASE_METHOD(fixture, "a hook's status is what it ended with") {
  REQUIRE(exit_status_of(*run("exit 3")) == 3);
  REQUIRE(exit_status_of(*run("kill -KILL $$")) == 128 + SIGKILL);
}

TEST_CASE_METHOD(fixture, "a hook that takes too long is ended with all that it started") {
  const auto held = folder / "held";
  REQUIRE(::mkfifo(held.c_str(), 0600) == 0);
  const fd reading(::open(held.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(exit_status_of(*run("exec 5> held; sleep 600 & sleep 600", 50ms)) == 128 + SIGTERM);
  char byte = 0;
  REQUIRE(eventually([&] { return ::read(reading.get(), &byte, 1) == 0; }));  // nobody is left who could write
}

TEST_CASE_METHOD(fixture, "a hook goes on when we have to leave") {
  until.stop();
  REQUIRE_FALSE(run("while [ ! -e go ]; do sleep 0.01; done; echo > went"));
  write_file(folder / "go", "");
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "went"); }));
}

}  // namespace
}  // namespace logrelay
