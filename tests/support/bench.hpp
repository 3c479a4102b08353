#pragma once
/// What all benchmarks share: their options, their table, their clock.
#include <support/eventually.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay::support {

struct bench_option {
  std::string name;   ///< "size", given as --size=1G
  std::string value;  ///< its default
  std::string quick;  ///< its default with --quick
  std::string meaning;
};

/// A benchmark's command line. `--quick`, `--program=PATH` (the logrelay to measure), `--dir=FOLDER` (where its files
/// go), `--help` and its own. A mistake ends the program with a message and status 2.
class bench_options {
 public:
  bench_options(int argc, char** argv, std::string_view summary, std::string program, std::vector<bench_option> own);

  [[nodiscard]] bool quick() const { return quick_; }
  [[nodiscard]] const std::string& program() const { return values_.at("program"); }
  [[nodiscard]] std::uint64_t size(const std::string& name) const;  ///< also for plain numbers
  [[nodiscard]] std::chrono::milliseconds duration(const std::string& name) const;
  [[nodiscard]] const std::string& text(const std::string& name) const { return values_.at(name); }

 private:
  bool quick_ = false;
  std::map<std::string, std::string> values_;
};

/// Rows under a heading, aligned and printed as they come: the first column to the left, the rest to the right.
class table {
 public:
  table(std::vector<std::string> headings, std::size_t first_width = 40, std::size_t other_width = 12);
  void row(std::vector<std::string> cells) const;

 private:
  std::vector<std::size_t> widths_;
};

/// Runs what fills a row; where that throws, the row says so, and it counts as a goal missed.
void attempt(const table& results, const std::string& name,
             const std::function<void(const std::string& name)>& measure);

/// "120 µs", "3.2 ms", "1.50 s".
[[nodiscard]] std::string readable(std::chrono::nanoseconds time);
/// "1843 MB/s"; a million bytes a megabyte.
[[nodiscard]] std::string readable_rate(double bytes_a_second);
/// "1.32 ×".
[[nodiscard]] std::string readable_ratio(double ratio);
/// "ok" or "MISSED", for a figure that has a goal; counted for verdict().
[[nodiscard]] std::string goal(bool met);
/// What main returns: 1 when a goal was missed.
[[nodiscard]] int verdict();

[[nodiscard]] double median(std::vector<double> samples);
[[nodiscard]] double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace logrelay::support
