// The program: reads the command line, starts the relay, hands it the signals, and tells how it went.
#include "cli.hpp"
#include "init.hpp"
#include "progress.hpp"
#include "report_desk.hpp"
#include "report_file.hpp"
#include "signals.hpp"
#include "supervisor.hpp"
#include "version.hpp"

#include <logrelay/config_file.hpp>
#include <logrelay/config_text.hpp>
#include <logrelay/file_conflicts.hpp>
#include <logrelay/net/handed_sockets.hpp>
#include <logrelay/relay.hpp>
#include <logrelay/util/child.hpp>
#include <logrelay/util/descriptor_limit.hpp>
#include <logrelay/util/inherited.hpp>
#include <logrelay/util/thrown.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

using namespace logrelay;

namespace {

enum status { everything_delivered = 0, lines_lost = 1, nothing_started = 2 };

std::atomic<status> if_it_fails{nothing_started};

int say_wrong(messages& say, const mistakes& wrong, const std::string& file) {
  for (const auto& each : in_order_of_lines(wrong, file)) say.say(severity::error, each);
  return nothing_started;
}

// Exits without the destructors of what hangs: a thread in a write that never returns holds up nobody.
[[noreturn]] void leave(int exit_status) {
  std::fflush(stdout);
  ::_exit(exit_status);
}

// What nobody has caught, in whatever thread: there is no going on, but who it was is said. No memory is asked for, which may
// be what there was none of.
[[noreturn]] void end_untidily() {
  char thread[16] = "", text[512];
  ::pthread_getname_np(::pthread_self(), thread, sizeof thread);
  const char* why = "unknown";
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
  }
  const int size = std::snprintf(text, sizeof text, "logrelay: error: thread '%s': %s; the program ends\n", thread, why);
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::min<std::size_t>(size, sizeof text - 1));
  ::_exit(if_it_fails.load());
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
  if (config.global.given("ready-fd")) hold_place(static_cast<int>(config.global.count("ready-fd")));
}

void tell_unused(const std::vector<std::string>& sockets, messages& say) {
  for (const auto& each : sockets)
    say.say(severity::warning, fmt::format("the socket {} was handed over by who started us, but no input has that address: nobody reads it", each));
}

/// What HUP reads again: the same words, the environment, and the file that they name.
struct configuration {
  int argc;
  char** argv;
  const registries& known;
  messages& say;
};

// With mistakes in it, the one from before stays in force.
void reload(const configuration& from, relay& running, report_desk& desk) {
  mistakes wrong;
  const auto line = read_command_line(from.argc, from.argv, from.known, wrong);
  if (line.file.empty()) return;  // HUP means files only
  auto config = make_config(line.request, from.known, wrong);
  if (wrong.empty()) check_files(config.inputs, config.outputs, wrong);
  if (!wrong.empty()) {
    say_wrong(from.say, wrong, line.file);
    from.say.say(severity::error, fmt::format("{} is not taken: the configuration from before stays in force", line.file));
    return;
  }
  from.say.set_least(loudness(config.global));
  desk.move_to(config.global.text("metrics"));
  running.reload(std::move(config));
}

struct stop_requests {
  int count = 0;
  int last_signal = 0;
};

/// What main's loop has to do with.
struct at_work {
  relay& running;
  const configuration& again;
  report_file& report;
  supervisor& watching;
  progress& meter;
  report_desk& desk;
  messages& say;
};

void obey(const caught_signal& signal, const at_work& with, stop_requests& asked) {
  relay& running = with.running;
  const bool with_command = running.command_descriptor() >= 0;
  if (with_command && signal.from_process && signal.number != SIGALRM) running.send(signal.number);
  switch (signal.number) {
    case SIGTERM:
    case SIGINT:
      if (with_command && !signal.from_process) break;  // the command's affair: it has got it too
      asked.last_signal = signal.number;
      if (++asked.count == 1)
        running.stop(signal.number == SIGTERM ? stop_kind::terminate : stop_kind::interrupt);
      else
        running.stop_now();
      break;
    case SIGHUP:
      with.watching.reloading(with.say);
      running.reopen();
      reload(with.again, running, with.desk);
      with.watching.reloaded(running.report(), with.say);
      break;
    case SIGALRM: running.rotate(); break;
    case SIGUSR1: with.report.write(running.report(), !with_command); break;
    default: break;
  }
}

stop_requests run(signals& from, const at_work& with) {
  relay& running = with.running;
  for (stop_requests asked;;) {
    const auto until = std::min({running.step(), with.watching.look(running, with.say), with.meter.look(running)});
    if (running.over() && (running.command_descriptor() < 0 || asked.count > 1)) return asked;
    with.desk.look(running);
    pollfd all[4] = {{from.descriptor(), POLLIN, 0}, {running.descriptor(), POLLIN, 0}, {running.command_descriptor(), POLLIN, 0},
                     {with.desk.descriptor(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    ::poll(all, 4, until == steady_time::max() ? -1 : static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    while (const auto signal = from.next()) obey(*signal, with, asked);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(end_untidily);
  fill_standard_descriptors();
  receive_handed_sockets();
  const time_source clock;
  supervisor watching(clock);
  messages early(severity::notice);
  const auto known = standard_registries();

  mistakes wrong;
  const auto line = read_command_line(argc, argv, known, wrong);
  if (line.what == command_line::action::help) return print(help_text(known));
  if (line.what == command_line::action::version) return print(version_text());
  const auto config = make_config(line.request, known, wrong);
  if (wrong.empty()) check_files(config.inputs, config.outputs, wrong);
  early.set_least(loudness(config.global));
  for (const auto& each : line.doubts) early.say(severity::warning, each);
  if (!wrong.empty()) return say_wrong(early, wrong, line.file);
  if (line.what == command_line::action::check) return everything_delivered;
  if (line.what == command_line::action::print_config) {
    const auto text = to_toml(config, wrong);
    return wrong.empty() ? print(text) : say_wrong(early, wrong, line.file);
  }

  messages say(loudness(config.global));
  try {
    hold_places(config);
    relay running(config, known, say, clock);
    serve_as_init();
    signals from(!config.command.empty());
    raise_descriptor_limit();
    report_file report(config.global.text("report"), say);
    watching.use_ready_descriptor(static_cast<int>(config.global.count("ready-fd")));
    report_desk desk(config.global.text("metrics"), config.global.text("user"), say);
    running.start();
    if_it_fails.store(lines_lost);
    desk.open();
    tell_unused(handed_sockets_left(), say);
    progress meter(config.global.yes("progress"), config, say);
    const auto asked = run(from, {running, {argc, argv, known, say}, report, watching, meter, desk, say});
    meter.clear();
    desk.close();
    auto balance = running.report();
    if (running.command_descriptor() >= 0) {  // its status will never be known
      say.say(severity::warning, fmt::format("'{}' still runs, and nobody reads what it writes", config.command.front()));
      balance.exit_status = 128 + asked.last_signal;
    }
    for (const auto& each : running.losses()) say.say(severity::error, each);
    report.write(balance);
    leave(balance.exit_status);
  } catch (const command_error& e) {
    say.say(severity::error, e.what());
    leave(e.status);
  } catch (const std::exception& e) {
    say.say(severity::error, reason_of(e));
    leave(if_it_fails.load());
  }
}
