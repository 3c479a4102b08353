#pragma once
/// How the program says that something cannot be: one exception for what ends a start, one list for what a user got
/// wrong. Nothing here is thrown once the relay has started: from then on operations return an outcome.
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logrelay {

/// What has to be there at the start is not: a file that cannot be opened, an address in use. The text says what was
/// tried on which object and why it failed, without a trailing period. Exit status 2.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// "unable to open /var/log/a.log: Permission denied", from an errno value.
[[nodiscard]] error system_error(std::string_view tried, int error_number);
/// The text of an errno value, "Permission denied". Thread-safe.
[[nodiscard]] std::string error_text(int error_number);

/// Every mistake of a command line or a file, so that all are reported at once. Not shared between threads.
class mistakes {
 public:
  /// While it lives, what is added is said of this place: "relay.toml:3:5". Empty: of none.
  class at {
   public:
    at(mistakes& all, std::string place) : all_(all), before_(std::exchange(all.place_, std::move(place))) {}
    at(const at&) = delete;
    ~at() { all_.place_ = std::move(before_); }

   private:
    mistakes& all_;
    std::string before_;
  };

  void add(std::string text) { texts_.push_back(place_.empty() ? std::move(text) : place_ + ": " + text); }
  [[nodiscard]] bool empty() const { return texts_.empty(); }
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::string place_;
};

}  // namespace logrelay
