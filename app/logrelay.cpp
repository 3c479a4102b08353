// The program: reads the command line, starts the relay, hands it the signals, and tells how it went.
#include "cli.hpp"
#include "report_file.hpp"
#include "signals.hpp"
#include "version.hpp"

#include <logrelay/relay.hpp>
#include <logrelay/util/descriptor_limit.hpp>
#include <logrelay/util/inherited.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

using namespace logrelay;

namespace {

enum status { everything_delivered = 0, lines_lost = 1, nothing_started = 2 };

int say_wrong(messages& say, const mistakes& wrong) {
  for (const auto& each : wrong.texts()) say.say(severity::error, each);
  return nothing_started;
}

// Exits without the destructors of what hangs: a thread in a write that never returns holds up nobody.
[[noreturn]] void leave(int exit_status) {
  std::fflush(stdout);
  ::_exit(exit_status);
}

int print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? everything_delivered : lines_lost;
}

severity loudness(const option_values& options) {
  if (options.yes("quiet")) return severity::error;
  return options.yes("verbose") ? severity::info : severity::notice;
}

// A descriptor that is named and was not given to us must not turn out to be one of our own.
void hold_places(const relay_config& config) {
  const auto hold = [](const endpoint& where) {
    if (where.scheme == "fd") hold_place(std::stoi(where.rest));
  };
  for (const auto& each : config.inputs) hold(each.where);
  for (const auto& each : config.outputs) hold(each.where);
}

void obey(int signal, relay& running, report_file& report, bool& stopping) {
  switch (signal) {
    case SIGTERM:
    case SIGINT:
      if (std::exchange(stopping, true))
        running.stop_now();
      else
        running.stop(signal == SIGTERM ? stop_kind::terminate : stop_kind::interrupt);
      break;
    case SIGHUP: running.reopen(); break;
    case SIGALRM: running.rotate(); break;
    case SIGUSR1: report.write(running.report(), true); break;
    default: break;
  }
}

void run(relay& running, signals& from, report_file& report) {
  bool stopping = false;
  while (true) {
    const auto until = running.step();
    if (running.over()) return;
    pollfd both[2] = {{from.descriptor(), POLLIN, 0}, {running.descriptor(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    ::poll(both, 2, until == steady_time::max() ? -1 : static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    while (const auto signal = from.next()) obey(*signal, running, report, stopping);
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  messages early(severity::notice);
  const auto known = standard_registries();

  mistakes wrong;
  const auto line = read_command_line(argc, argv, known, wrong);
  if (line.what == command_line::action::help) return print(help_text(known));
  if (line.what == command_line::action::version) return print(version_text());
  const auto config = make_config(line.request, known, wrong);
  if (!wrong.empty()) return say_wrong(early, wrong);
  if (line.what == command_line::action::check) return everything_delivered;

  hold_places(config);
  messages say(loudness(config.global));
  const time_source clock;
  relay running(config, known, say, clock);
  try {
    signals from;
    raise_descriptor_limit();
    report_file report(config.global.text("report"), say);
    running.start();
    run(running, from, report);
    const auto balance = running.report();
    for (const auto& each : running.losses()) say.say(severity::error, each);
    report.write(balance);
    leave(balance.exit_status);
  } catch (const error& e) {
    say.say(severity::error, e.what());
    leave(nothing_started);
  }
}
