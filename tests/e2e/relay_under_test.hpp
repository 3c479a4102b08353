#pragma once
/// The real binary, run with a report of its own, and the ways in which a test ends it: each of them checks the exit
/// status and the balance, and hands out the report. One thread owns it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <support/lines.hpp>
#include <support/process.hpp>
#include <support/report.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>
#include <utility>
#include <vector>

namespace logrelay::support {

class relay_under_test : public process {
 public:
  /// Its report is `report.json` in the folder, in which it also starts. Everything is open once it is made.
  relay_under_test(const temp_folder& folder, const std::vector<std::string>& arguments,
                   process_options options = {.input = stream::pipe()})
      : process(command(folder, arguments), in(folder, std::move(options))), report_(folder / "report.json") {
    // Until then a signal would end it as it ends any program.
    REQUIRE(eventually([&] { return obeys_signals() || !running(); }));
    static_cast<void>(live_report(*this, report_));  // it answers when it runs
  }

  /// The end of its stdin is its end.
  report finish(int wanted = 0) {
    close_input();
    return ended(wanted);
  }
  report terminate(int wanted = 0) {
    send(SIGTERM);
    return ended(wanted);
  }
  report ended(int wanted = 0) {
    const auto status = this->status();
    INFO(errors());
    REQUIRE(status == wanted);
    const auto balance = read_report(report_);
    check_balance(balance);
    REQUIRE(balance.exit_status() == wanted);
    return balance;
  }

  [[nodiscard]] report now() const {
    const auto balance = live_report(*this, report_);
    check_balance(balance);
    return balance;
  }
  /// The same, with all of its fields.
  [[nodiscard]] nlohmann::json now_in_full() const {
    static_cast<void>(now());
    return nlohmann::json::parse(read_file(report_));
  }

  /// The port that the input of that name listens on.
  [[nodiscard]] std::uint16_t port(const std::string& input) const {
    const auto all = now_in_full();
    for (const auto& each : all.at("inputs")) {
      if (each.at("name") != input) continue;
      const auto where = each.at("listening").at(0).get<std::string>();
      return static_cast<std::uint16_t>(std::stoul(where.substr(where.rfind(':') + 1)));
    }
    throw std::runtime_error("no input is called " + input);
  }

 private:
  static std::vector<std::string> command(const temp_folder& folder, const std::vector<std::string>& arguments) {
    std::vector<std::string> all{LOGRELAY_PROGRAM, "--report", folder / "report.json"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  static process_options in(const temp_folder& folder, process_options options) {
    if (options.folder.empty()) options.folder = folder.path().string();
    return options;
  }

  [[nodiscard]] bool obeys_signals() const {
    const auto status = read_if_there("/proc/" + std::to_string(id()) + "/status");
    const auto blocked = status.find("SigBlk:");
    return blocked != std::string::npos &&
           (std::stoull(status.substr(blocked + 7), nullptr, 16) >> (SIGUSR1 - 1) & 1) != 0;
  }

  std::string report_;
};

/// The lines sorted, for what comes in from several sides in no order.
inline std::vector<std::string> sorted_lines(std::string_view text) {
  auto lines = split_lines(text);
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace logrelay::support
