#include "../relay_program.hpp"

#include <app/supervisor.hpp>
#include <logrelay/input/reader.hpp>

#include <support/sink.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <latch>

namespace logrelay {
namespace {

using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;
using sent = std::vector<std::string>;

reader* the_reader = nullptr;

// Reads nothing, and shows the test its reader.
class quiet_input final : public input {
 public:
  using input::input;
  void start(reader& at) override { the_reader = &at; }
  void stop(stop_kind) noexcept override {
    if (reader* const at = std::exchange(the_reader, nullptr)) at->ended(*this);
  }
};

registries with_quiet_input() {
  auto known = standard_registries();
  known.inputs.push_back({"quiet", "quiet:", "nothing", {}, nullptr,
                          [](const input_config& config) -> std::unique_ptr<input> { return std::make_unique<quiet_input>(config); }});
  return known;
}

// The supervisor of a relay, with a manager that listens to it.
class managed {
 public:
  explicit managed(const std::string& watchdog = "") : manager_(datagram_sink::unixgram(folder_ / "notify")) {
    ::setenv("NOTIFY_SOCKET", (folder_ / "notify").c_str(), 1);
    if (!watchdog.empty()) ::setenv("WATCHDOG_USEC", watchdog.c_str(), 1);
    it.emplace(one.clock);
    one.start();
  }

  /// Whether the manager is told, in the end, just that.
  [[nodiscard]] bool tells(const sent& wanted) {
    return looks_until([&] { return firsts() == wanted; });
  }
  /// … or that and more.
  [[nodiscard]] bool tells_first(const sent& wanted) {
    return looks_until([&] {
      auto said = firsts();
      said.resize(std::min(said.size(), wanted.size()));
      return said == wanted;
    });
  }
  /// The first assignment of each message.
  [[nodiscard]] sent firsts() const {
    sent all;
    for (const auto& each : manager_.messages()) all.push_back(each.substr(0, each.find('\n')));
    return all;
  }
  [[nodiscard]] sent all() const { return manager_.messages(); }

  program one{{"quiet:"}, {"null:"}, {}, with_quiet_input()};
  std::optional<supervisor> it;
  steady_time next{};

 private:
  template <typename Condition>
  bool looks_until(Condition holds) {
    return one.until([&] {
      next = it->look(one.it(), say_);
      return holds();
    });
  }

  const temp_folder folder_;
  datagram_sink manager_;
  messages say_{severity::error};
};

TEST_CASE("a manager is told once that everything is open and at the end that it ends") {
  managed by;
  REQUIRE(by.tells({"READY=1"}));
  CHECK(by.all().front() == "READY=1\nSTATUS=0 lines read; 0 delivered, 0 pending, 0 dropped, 0 rejected");
  by.one.it().stop(stop_kind::terminate);
  REQUIRE(by.tells({"READY=1", "STOPPING=1"}));
  CHECK(by.one.ends());
}

TEST_CASE("nobody inherits the addresses of the manager") {
  const managed by("2000000");
  for (const char* each : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) CHECK(std::getenv(each) == nullptr);
}

TEST_CASE("signs of life come twice in the time of the watchdog") {
  managed by("2000000");
  sent wanted{"READY=1", "WATCHDOG=1"};
  for (int turn = 0; turn < 5; ++turn, wanted.emplace_back("WATCHDOG=1")) {
    REQUIRE(by.tells(wanted));
    CHECK(by.next == by.one.clock.now() + 1s);
    by.one.clock.pass(1s);
  }
}

TEST_CASE("a reader that hangs gives no sign of life and one that goes on does") {
  managed by("2000000");
  REQUIRE(by.tells({"READY=1", "WATCHDOG=1"}));
  std::latch hanging(1);
  the_reader->post([&] { hanging.wait(); });
  for (int turn = 0; turn < 3; ++turn) {
    by.one.clock.pass(1s);
    CHECK(by.tells({"READY=1", "WATCHDOG=1"}));
  }
  hanging.count_down();
  CHECK(by.tells_first({"READY=1", "WATCHDOG=1", "WATCHDOG=1"}));  // by now the next one is due too
}

TEST_CASE("a watchdog that is meant for another process is not ours") {
  ::setenv("WATCHDOG_PID", "1", 1);
  managed by("2000000");
  REQUIRE(by.tells({"READY=1"}));
  by.one.clock.pass(1s);
  CHECK(by.tells({"READY=1"}));
}

TEST_CASE("a descriptor that tells readiness gets a newline and its end") {
  const auto pipe = make_pipe();
  const int number = ::fcntl(pipe.writing.get(), F_DUPFD, 50);
  program one({"quiet:"}, {"null:"}, {}, with_quiet_input());
  supervisor by(one.clock);
  by.use_ready_descriptor(number);
  CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
  one.start();
  messages say{severity::error};
  REQUIRE(one.until([&] { return by.look(one.it(), say) == steady_time::max() && ::fcntl(number, F_GETFD) < 0; }));
  char got[8];
  CHECK(::read(pipe.reading.get(), got, sizeof got) == 1);
  CHECK(got[0] == '\n');
}

TEST_CASE("a descriptor for readiness has to be open for writing") {
  const program one({"quiet:"}, {"null:"}, {}, with_quiet_input());
  const auto pipe = make_pipe();
  const time_source clock;
  for (const int number : {pipe.reading.get(), 999})
    CHECK_THROWS_WITH(supervisor(clock).use_ready_descriptor(number), "--ready-fd=" + std::to_string(number) + ": it is not open for writing");
}

}  // namespace
}  // namespace logrelay
