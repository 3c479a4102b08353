#include "progress.hpp"

#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

constexpr auto between_drawings = 100ms;
constexpr auto rate_over = 2s;  // long enough to be read, short enough to be now
constexpr std::size_t bar_width = 20;

bool is_set(const char* variable) {
  const char* const text = std::getenv(variable);
  return text && *text;
}

bool can_draw() {
  const char* const terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && !(terminal && std::string_view(terminal) == "dumb");
}

bool in_foreground() {
  const pid_t job = ::tcgetpgrp(STDERR_FILENO);
  return job < 0 || job == ::getpgrp();
}

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string short_count(double n) {
  if (n < 10'000) return fmt::format("{:.0f}", n);
  if (n < 999'950) return fmt::format("{:.1f}k", n / 1e3);
  return n < 999'950'000 ? fmt::format("{:.2f}M", n / 1e6) : fmt::format("{:.2f}G", n / 1e9);
}

}  // namespace

std::string meter_text(const meter_reading& now, std::size_t columns, bool colours) {
  struct part {
    std::string text;
    std::string_view colour = {};
  };
  const double fill = std::clamp(now.fill, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(fill * bar_width + 0.5);
  const auto bar = std::string(filled, '#') + std::string(bar_width - filled, '.');
  const auto seconds = now.elapsed.count();
  const part parts[] = {
      {fmt::format("{} lines", now.lines)},
      {readable_size(now.bytes)},
      {fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)},
      {fmt::format("[{}/s, {} lines/s]", readable_size(static_cast<std::uint64_t>(now.bytes_a_second)), short_count(now.lines_a_second))},
      {fmt::format("queue [{}] {:3.0f}%", bar, fill * 100), fill > 0.5 ? "\x1b[33m" : ""},
      {fmt::format("{} lost", now.lost), now.lost > 0 ? "\x1b[31m" : ""},
  };
  std::string line;
  std::size_t width = 0;
  for (const auto& each : parts) {
    const std::size_t wanted = each.text.size() + (width > 0 ? 2 : 0);
    if (width + wanted >= columns) break;  // the last column would wrap
    if (width > 0) line += "  ";
    width += wanted;
    if (colours && !each.colour.empty())
      line.append(each.colour).append(each.text).append("\x1b[0m");
    else
      line += each.text;
  }
  return line;
}

progress::progress(bool asked, const relay_config& config, messages& say) : on_(asked && can_draw()), colours_(!is_set("NO_COLOR")) {
  for (const auto& each : config.outputs) capacities_.push_back(each.options.size("queue"));
  if (on_) say.stand_above_meter();
}

steady_time progress::look(const relay& running) {
  if (!on_) return steady_time::max();
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return next_;
  next_ = now + between_drawings;
  const auto reading = read(running, now);
  if (in_foreground()) draw(meter_text(reading, terminal_columns(), colours_));
  return next_;
}

meter_reading progress::read(const relay& running, steady_time now) {
  const auto balance = running.report();
  meter_reading all;
  all.elapsed = std::chrono::seconds(static_cast<std::int64_t>(balance.uptime_seconds));
  for (const auto& each : balance.inputs) all.lines += each.lines, all.bytes += each.bytes;
  for (std::size_t i = 0; i < balance.outputs.size() && i < capacities_.size(); ++i) {
    const auto& account = balance.outputs[i].account;
    all.fill = std::max(all.fill, static_cast<double>(account.queue_bytes) / static_cast<double>(capacities_[i]));
    all.lost += account.dropped().lines + account.rejected.lines;
  }
  samples_.push_back({now, all.lines, all.bytes});
  while (samples_.size() > 2 && samples_[1].when + rate_over <= now) samples_.pop_front();
  const auto& since = samples_.front();
  if (const double seconds = std::chrono::duration<double>(now - since.when).count(); seconds > 0) {
    all.lines_a_second = static_cast<double>(all.lines - since.lines) / seconds;
    all.bytes_a_second = static_cast<double>(all.bytes - since.bytes) / seconds;
  }
  return all;
}

// The cursor goes back to the line's start, so that whatever else is written there begins at its margin.
void progress::draw(const std::string& text) {
  const auto all = "\r\x1b[K" + text + "\r";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, all.data(), all.size());
  drawn_ = true;
}

void progress::clear() {
  if (!std::exchange(drawn_, false) || !in_foreground()) return;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, "\r\x1b[K", 4);
}

}  // namespace logrelay
