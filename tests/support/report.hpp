#pragma once
/// What `--report` says, as a test reads it. Immutable once read.
#include <support/process.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay::support {

/// One input or output of it.
class report_row {
 public:
  report_row(std::map<std::string, double> numbers, std::map<std::string, std::string> texts)
      : numbers_(std::move(numbers)), texts_(std::move(texts)) {}

  [[nodiscard]] std::string name() const { return text("name"); }
  /// Throws where there is no such field: a report's fields are a promise.
  [[nodiscard]] std::uint64_t count(const std::string& field) const;
  [[nodiscard]] double number(const std::string& field) const;
  [[nodiscard]] std::string text(const std::string& field) const;

  [[nodiscard]] std::uint64_t accepted() const { return count("accepted_lines"); }
  [[nodiscard]] std::uint64_t delivered() const { return count("delivered_lines"); }
  [[nodiscard]] std::uint64_t filtered() const { return count("filtered_lines"); }
  [[nodiscard]] std::uint64_t dropped() const { return count("dropped_lines"); }
  [[nodiscard]] std::uint64_t rejected() const { return count("rejected_lines"); }
  [[nodiscard]] std::uint64_t pending() const { return count("pending_lines"); }

 private:
  std::map<std::string, double> numbers_;
  std::map<std::string, std::string> texts_;
};

class report {
 public:
  /// Throws where `json` is not a whole report.
  explicit report(std::string_view json);

  [[nodiscard]] int exit_status() const { return exit_status_; }
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] double uptime_seconds() const { return uptime_seconds_; }
  [[nodiscard]] const std::vector<report_row>& inputs() const { return inputs_; }
  [[nodiscard]] const std::vector<report_row>& outputs() const { return outputs_; }
  /// Throws where there is none of that name.
  [[nodiscard]] const report_row& input(std::string_view name) const;
  [[nodiscard]] const report_row& output(std::string_view name) const;
  /// Of all inputs.
  [[nodiscard]] std::uint64_t lines_read() const;

 private:
  int exit_status_ = 0;
  std::string version_;
  double uptime_seconds_ = 0;
  std::vector<report_row> inputs_;
  std::vector<report_row> outputs_;
};

/// The report in a file.
[[nodiscard]] report read_report(const std::string& path);
/// What a running relay reports to that file when it is asked by USR1. Throws where it does not answer.
[[nodiscard]] report live_report(const process& relay, const std::string& path);
/// Promise 2, for every output, in lines and in bytes: accepted = delivered + filtered + dropped + rejected + pending.
/// Throws with all that does not add up.
void check_balance(const report& report);

}  // namespace logrelay::support
