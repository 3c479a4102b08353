#pragma once
/// What the relay itself has to say, on stderr, through spdlog: who, what was tried on which object, why it failed,
/// what happens now; once when a state changes and once when it recovers. Any thread; never waits: what a full stderr
/// does not take is counted and announced when it takes something again.
#include <memory>
#include <string_view>

namespace logrelay {

enum class severity { error, warning, notice, info };

class messages {
 public:
  explicit messages(severity least = severity::notice);
  ~messages();
  void say(severity how, std::string_view text);
  /// From now on nothing below this.
  void set_least(severity least);
  /// From now on the line on which a message begins is cleared first: a meter stands there, and is drawn again below.
  void stand_above_meter();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace logrelay
