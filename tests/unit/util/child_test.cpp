#include <catch2/catch.hpp>
#include <logrelay/util/child.hpp>
#include <support/eventually.hpp>
#include <support/temp_folder.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

namespace logrelay {
namespace {

using support::eventually;

struct fed {
  explicit fed(const std::string& command) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const fd theirs(ends[0]);
    ours.reset(ends[1]);
    running.emplace(command, theirs);
  }
  void say(std::string_view text) { REQUIRE(::write(ours.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
  std::optional<int> end() {
    ours.reset();
    wake alarm;
    waiter until(alarm);
    return running->wait(until);
  }
  fd ours;
  std::optional<child> running;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a child reads what it is fed until the end, and its status is told") {
  const support::temp_folder folder;
  fed cat("cat > " + (folder / "out") + "; exit 3");
  cat.say("one\ntwo\n");
  CHECK_FALSE(cat.running->ended());
  const auto status = cat.end();
  REQUIRE(status);
  CHECK(describe_end(*status) == "ended with status 3");
  CHECK(text_of(folder / "out") == "one\ntwo\n");
}

TEST_CASE("a child that a signal ended says so") {
  const auto status = fed("kill -9 $$").end();
  REQUIRE(status);
  CHECK(describe_end(*status) == "was ended by signal 9");
}

TEST_CASE("a child has its end seen without waiting") {
  fed quick("exit 4");
  std::optional<int> status;
  REQUIRE(eventually([&] { return (status = quick.running->ended()).has_value(); }));
  CHECK(describe_end(*status) == "ended with status 4");
}

TEST_CASE("a wait for a child ends when it is told to stop") {
  fed forever("cat > /dev/null");
  wake alarm;
  waiter until(alarm);
  std::thread other([&] { until.stop(); });
  CHECK_FALSE(forever.running->wait(until));
  other.join();
  CHECK(forever.end() == 0);
}

TEST_CASE("a child has no descriptor of ours but the standard ones") {
  const support::temp_folder folder;
  const int left_open = ::open("/dev/null", O_RDWR);  // as by a library that forgets O_CLOEXEC
  const auto status = fed("ls /proc/self/fd > " + (folder / "fds")).end();
  ::close(left_open);
  CHECK(status == 0);
  CHECK(text_of(folder / "fds") == "0\n1\n2\n3\n");  // 3 is what ls reads
}

TEST_CASE("a child has no signal blocked or ignored but those of the terminal") {
  const support::temp_folder folder;
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
  const auto status = fed("grep -E 'SigBlk|SigIgn' /proc/self/status > " + (folder / "signals")).end();
  ::signal(SIGPIPE, old_pipe);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(status == 0);
  unsigned long long blocked = 1, ignored = 0;
  REQUIRE(std::sscanf(text_of(folder / "signals").c_str(), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored) == 2);
  CHECK(blocked == 0);
  constexpr auto threading = 3ull << 31;  // the C library's own two, which it lets nobody touch
  CHECK((ignored & ~threading) == (1ull << (SIGINT - 1) | 1ull << (SIGQUIT - 1)));
}

}  // namespace
}  // namespace logrelay
