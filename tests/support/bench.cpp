#include <support/bench.hpp>

#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace logrelay::support {
namespace {

std::atomic<int> missed_goals = 0;

/// Characters, as a terminal shows them: "µ" and "×" are one.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

[[noreturn]] void refuse(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::exit(2);
}

void print_help(std::string_view summary, const std::vector<bench_option>& options) {
  fmt::print("{}\n\n  {:24} a short run, to see that it works\n", summary, "--quick");
  for (const auto& option : options) {
    const auto quick = option.quick.empty() ? "" : fmt::format("; with --quick {}", option.quick);
    fmt::print("  {:24} {} ({}{})\n", fmt::format("--{}=…", option.name), option.meaning,
               option.value.empty() ? "none" : option.value, quick);
  }
}

}  // namespace

bench_options::bench_options(int argc, char** argv, std::string_view summary, std::string program,
                             std::vector<bench_option> own) {
  own.push_back({"program", std::move(program), "", "the logrelay to measure"});
  own.push_back({"dir", "", "", "where its files go, in place of TMPDIR"});
  const std::vector<std::string> words(argv + 1, argv + argc);
  for (const auto& word : words) {
    if (word == "--quick") quick_ = true;
    if (word == "--help") print_help(summary, own), std::exit(0);
  }
  for (const auto& option : own) values_[option.name] = quick_ && !option.quick.empty() ? option.quick : option.value;
  for (const auto& word : words) {
    if (word == "--quick") continue;
    const auto equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos)
      refuse(fmt::format("{}: options are --name=value; see --help", word));
    const auto name = word.substr(2, equals - 2);
    if (!values_.contains(name)) refuse(fmt::format("--{}: no such option; see --help", name));
    values_[name] = word.substr(equals + 1);
  }
  if (const auto& folder = values_.at("dir"); !folder.empty()) ::setenv("TMPDIR", folder.c_str(), 1);
}

std::uint64_t bench_options::size(const std::string& name) const {
  const auto value = parse_size(values_.at(name));
  if (!value) refuse(fmt::format("--{}={}: not a size", name, values_.at(name)));
  return *value;
}

std::chrono::milliseconds bench_options::duration(const std::string& name) const {
  const auto value = parse_duration(values_.at(name));
  if (!value) refuse(fmt::format("--{}={}: not a time", name, values_.at(name)));
  return *value;
}

table::table(std::vector<std::string> headings, std::size_t first_width, std::size_t other_width) {
  for (const auto& heading : headings)
    widths_.push_back(std::max<std::size_t>(width_of(heading), widths_.empty() ? first_width : other_width));
  row(std::move(headings));
}

void table::row(std::vector<std::string> cells) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto width = i < widths_.size() ? widths_[i] : 0;
    const std::string padding(width - std::min(width, width_of(cells[i])), ' ');
    line += i == 0 ? cells[i] + padding : "  " + padding + cells[i];
  }
  line.erase(line.find_last_not_of(' ') + 1);
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void attempt(const table& results, const std::string& name,
             const std::function<void(const std::string& name)>& measure) {
  try {
    measure(name);
  } catch (const std::exception& failure) {
    ++missed_goals;
    results.row({name, fmt::format("FAILED: {}", failure.what())});
  }
}

std::string readable(std::chrono::nanoseconds time) {
  const auto n = static_cast<double>(time.count());
  if (n < 1e6) return fmt::format("{:.0f} µs", n / 1e3);
  if (n < 1e9) return fmt::format("{:.1f} ms", n / 1e6);
  return fmt::format("{:.2f} s", n / 1e9);
}

std::string readable_rate(double bytes_a_second) {
  return fmt::format("{:.{}f} MB/s", bytes_a_second / 1e6, bytes_a_second < 1e7 ? 1 : 0);
}
std::string readable_ratio(double ratio) { return fmt::format("{:.2f} ×", ratio); }

std::string goal(bool met) {
  missed_goals += !met;
  return met ? "ok" : "MISSED";
}

int verdict() {
  if (missed_goals) fmt::print("\n{} of the goals missed\n", missed_goals.load());
  return missed_goals ? 1 : 0;
}

double median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const auto middle = samples.size() / 2;
  return samples.size() % 2 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace logrelay::support
