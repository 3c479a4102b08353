#pragma once
/// The real program as a test runs it: with a report, whose balance must close when it ends. One thread.
#include <support/process.hpp>
#include <support/report.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

namespace logrelay::support {

class running_relay {
 public:
  /// `words` are its options and outputs; the report lies in `folder`, which must outlive it. Unless told otherwise it
  /// reads a pipe, which write() and close_input() use.
  explicit running_relay(const temp_folder& folder, const std::vector<std::string>& words,
                         process_options options = {.input = stream::pipe()})
      : report_(folder / "report.json"), program_(command(report_, words), std::move(options)) {}

  process& program() { return program_; }
  [[nodiscard]] const process& program() const { return program_; }
  process* operator->() { return &program_; }

  /// The report at this moment. It must be running, so that USR1 does not end it: a line has come through.
  report report_now() {
    auto now = live_report(program_, report_);
    check_balance(now);
    return now;
  }

  /// Waits for its end, which must come with this status, and hands over the report, which balances and agrees.
  report end(int status = 0) {
    const int ended = program_.status();
    INFO("it said: " << program_.errors());
    REQUIRE(ended == status);
    auto balance = read_report(report_);
    check_balance(balance);
    REQUIRE(balance.exit_status() == status);
    return balance;
  }

  /// Writes `text` to its standard input, closes that, and waits for its end.
  report feed(std::string_view text, int status = 0) {
    program_.write(text);
    program_.close_input();
    return end(status);
  }

 private:
  static std::vector<std::string> command(const std::string& report, const std::vector<std::string>& words) {
    std::vector<std::string> all{LOGRELAY_PROGRAM, "--report", report};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }

  std::string report_;
  process program_;
};

}  // namespace logrelay::support
