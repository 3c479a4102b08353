#pragma once
/// A relay with a fake clock, and what main does with it: steps on. One thread.
#include <logrelay/error.hpp>
#include <logrelay/relay.hpp>

#include <support/eventually.hpp>
#include <support/fake_clock.hpp>

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

class program {
 public:
  program(std::vector<std::string> inputs, std::vector<std::string> outputs, given_options global = {},
          registries known = standard_registries())
      : known_(std::move(known)),
        config_(checked({std::move(inputs), std::move(outputs), std::move(global)})),
        one_(std::in_place, config_, known_, lasting_.say, clock) {
    ::signal(SIGPIPE, SIG_IGN);
  }

  void start() { one_->start(); }
  relay& it() { return *one_; }
  void destroy() { one_.reset(); }

  /// Steps on until the condition holds. Whether it did before patience was at its end.
  [[nodiscard]] bool until(const std::function<bool()>& condition) {
    return support::eventually([&] {
      static_cast<void>(one_->step());
      return condition();
    });
  }
  [[nodiscard]] bool ends() {
    return until([&] { return one_->over(); });
  }
  /// Tells it to go on as another, as HUP does. Whether it has got there.
  [[nodiscard]] bool reloads(std::vector<std::string> inputs, std::vector<std::string> outputs, given_options global = {}) {
    begin_reload(std::move(inputs), std::move(outputs), std::move(global));
    return until([&] { return one_->settled(); });
  }
  void begin_reload(std::vector<std::string> inputs, std::vector<std::string> outputs, given_options global = {}) {
    one_->reload(checked({std::move(inputs), std::move(outputs), std::move(global)}));
  }

  /// Steps on until the inputs have ended by themselves, and there is a deadline for the outputs.
  [[nodiscard]] bool drains() {
    return support::eventually([&] { return one_->step() < steady_time::max(); });
  }
  /// Whether it is still not over after a moment.
  [[nodiscard]] bool goes_on() {
    return !support::eventually([&] { return static_cast<void>(one_->step()), one_->over(); }, std::chrono::milliseconds(30));
  }
  [[nodiscard]] output_report out(std::size_t place = 0) { return one_->report().outputs.at(place); }
  [[nodiscard]] input_report in(std::size_t place = 0) { return one_->report().inputs.at(place); }
  [[nodiscard]] int status() { return one_->report().exit_status; }

 private:
  // What a listener that was let go still uses.
  struct lasting {
    messages say{severity::error};
    support::fake_clock clock;
  };
  static lasting& kept() {
    static auto& all = *new std::vector<std::unique_ptr<lasting>>;  // also when the process ends
    return *all.emplace_back(std::make_unique<lasting>());
  }
  lasting& lasting_ = kept();

 public:
  support::fake_clock& clock = lasting_.clock;
  messages& say = lasting_.say;

 private:
  relay_config checked(const relay_request& request) {
    mistakes wrong;
    auto config = make_config(request, known_, wrong);
    if (!wrong.empty()) throw error(wrong.texts().front());
    return config;
  }

  const registries known_;
  const relay_config config_;
  std::optional<relay> one_;
};

}  // namespace logrelay
