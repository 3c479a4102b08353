#include "top.hpp"

#include "report_reading.hpp"
#include "terminal.hpp"
#include "top_view.hpp"

#include <logrelay/error.hpp>
#include <logrelay/observe/place.hpp>
#include <logrelay/observe/report_client.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

enum status { well = 0, unreachable = 1, wrong_use = 2 };

constexpr auto patience = 2s;
constexpr auto between_frames = 1s;

int say(std::string_view text, int outcome = wrong_use) {
  fmt::print(stderr, "logrelayctl: error: {}\n", text);
  return outcome;
}

bool speaks_utf8() {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") != std::string_view::npos || locale.find("utf8") != std::string_view::npos;
  }
  return false;
}

bool wants_colours() {
  const char* const refused = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) != 0 && (refused == nullptr || *refused == '\0');
}

struct sample {
  read_report read;
  std::chrono::steady_clock::time_point at{};
  bool gone = false;
};

sample look(const metrics_address& at) {
  sample now;
  auto got = fetch(at, "/report", patience);
  now.at = std::chrono::steady_clock::now();
  now.gone = got.gone;
  if (got.error.empty())
    now.read = from_json(got.body);
  else
    now.read.error = std::move(got.error);
  return now;
}

// What it relays, for a list of several.
std::string described(const relay_report& report) {
  std::string text;
  const auto add = [&](const std::string& name, std::string_view before) { text += std::string(text.empty() ? "" : before) + fit(name, std::min<std::size_t>(name.size(), 24), !speaks_utf8()); };
  for (const auto& each : report.inputs) add(each.name, ", ");
  text += " >";
  for (std::size_t i = 0; i < report.outputs.size(); ++i) add(report.outputs[i].name, i == 0 ? " " : ", ");
  return text;
}

int list(const std::vector<std::string>& sockets) {
  fmt::print(stderr, "logrelayctl: {} relays run here; say which one: 'logrelayctl top ADDR'\n", sockets.size());
  for (const auto& each : sockets) {
    const auto now = look({.what = metrics_address::kind::unix_socket, .path = each});
    fmt::print("unix:{}  {}\n", each, now.read.error.empty() ? fmt::format("up {}  {}", short_time(now.read.report.uptime_seconds), described(now.read.report)) : now.read.error);
  }
  return wrong_use;
}

/// Where to look, as it was asked for or found; none: an exit status, and what is wrong has been said.
std::optional<std::string> find_relay(const std::optional<std::string>& asked, int& outcome) {
  if (asked && asked->starts_with('/')) return "unix:" + *asked;
  if (asked && !parse_count(*asked)) return asked;
  auto sockets = living_sockets();
  if (asked) std::erase_if(sockets, [&](const std::string& each) { return !each.ends_with("/" + *asked + ".sock"); });
  if (sockets.size() == 1) return "unix:" + sockets.front();
  if (sockets.size() > 1) {
    outcome = list(sockets);
  } else {
    const auto where = runtime_directories();
    outcome = say(fmt::format("{} in {}; a relay with --metrics=ADDR is seen by 'logrelayctl top ADDR'",
                              asked ? "no relay with process number " + *asked : "no relay", fmt::join(where, ", ")));
  }
  return {};
}

top_screen screen_of(std::size_t width, std::size_t height) { return {width, height, wants_colours(), speaks_utf8()}; }

int print_once(const metrics_address& at, const std::string& where) {
  const auto now = look(at);
  if (!now.read.error.empty()) return say(fmt::format("unable to ask {}: {}", where, now.read.error), unreachable);
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  top_frame frame{where, now.read.version, {}, nullptr, &now.read.report, 0, {}};
  for (const auto& each : draw(frame, screen_of(known ? size.ws_col : 100, 100'000))) fmt::print("{}\n", each);
  return std::fflush(stdout) == 0 ? well : unreachable;
}

int watch(const metrics_address& at, const std::string& where) {
  auto now = look(at);
  if (!now.read.error.empty()) return say(fmt::format("unable to ask {}: {}", where, now.read.error), unreachable);
  std::optional<sample> before;
  std::string trouble;
  bool ended = false;
  {
    terminal screen;
    for (auto next = now.at + between_frames; !ended;) {
      top_frame frame{where, now.read.version, trouble, nullptr, &now.read.report, 0, {}};
      if (before) frame.before = &before->read.report, frame.seconds = std::chrono::duration<double>(now.at - before->at).count();
      frame.hint = "q quits";
      const auto size = screen.screen();
      screen.show(draw(frame, screen_of(size.width - 1, size.height)));  // what ends in the last column may be erased with the rest
      char key = 0;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
      const auto what = screen.wait(std::max(left, std::chrono::milliseconds(0)), key);
      if (what == terminal::event::end || (what == terminal::event::key && (key == 'q' || key == 'Q'))) return well;
      if (what != terminal::event::nothing || std::chrono::steady_clock::now() < next) continue;
      auto latest = look(at);
      next = latest.at + between_frames;
      trouble = latest.read.error;
      ended = latest.gone && at.what == metrics_address::kind::unix_socket;
      if (!trouble.empty()) continue;
      // Another relay under the same address begins anew.
      const bool same = latest.read.report.uptime_seconds >= now.read.report.uptime_seconds;
      before = same ? std::optional(std::move(now)) : std::nullopt;
      now = std::move(latest);
    }
  }
  fmt::print("{}: the relay has ended\n", where);
  return well;
}

}  // namespace

int show_top(std::span<const std::string> words) {
  bool once = false;
  std::optional<std::string> asked;
  for (const auto& each : words) {
    if (each == "--once") once = true;
    else if (each.starts_with('-') || asked) return say(fmt::format("'{}' means nothing here: write it like 'logrelayctl top [--once] [ADDR]'", each));
    else asked = each;
  }
  int outcome = well;
  const auto where = find_relay(asked, outcome);
  if (!where) return outcome;
  mistakes wrong;
  const auto at = parse_metrics_address(*where, wrong);
  const bool named = at.what == metrics_address::kind::tcp || at.what == metrics_address::kind::unix_socket;
  if (!wrong.empty() || !named) return say(fmt::format("'{}' is no address: write it like unix:PATH or HOST:PORT", *where));
  return once ? print_once(at, *where) : watch(at, *where);
}

}  // namespace logrelay
