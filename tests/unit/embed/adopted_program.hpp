#pragma once
/// What the tests of adopted loggers share: a program with one logger and one sink, and its adoption.
#include <logrelay/embed/adopt.hpp>
#include <support/eventually.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>
#include <unit/embed/scripted_sink.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace logrelay {

struct adopted_program {
  std::shared_ptr<scripted_sink> out = std::make_shared<scripted_sink>();
  std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>("app", out);
};

inline adopt_options small_queue(overflow when_full) {
  adopt_options options;
  options.queue_bytes = 64 * 1024;
  options.when_full = when_full;
  options.drain = support::patience;
  return options;
}

// Its listener is inside the sink, and stays there.
inline void wait_inside(const scripted_sink& out, std::size_t records = 1) {
  REQUIRE(support::eventually([&] { return out.entered() >= records; }));
}

/// What is written to stderr meanwhile.
template <typename Function>
[[nodiscard]] std::string said(Function&& act) {
  const support::temp_folder folder;
  {
    const fd file(::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const support::stand_in as_stderr(STDERR_FILENO, file);
    act();
  }
  return support::read_file(folder / "stderr");
}

inline void check_balance(const queued_report& report) {
  for (const auto& each : report.sinks) CHECK(each.account.balances());
}

}  // namespace logrelay
