#pragma once
/// --progress: a line on the terminal of standard error that says how it goes, as pv(1) has it. Drawn by main's loop at
/// most ten times a second, gone at the end, and never there where standard error is no terminal, or another job's.
/// Main thread.
#include <logrelay/messages.hpp>
#include <logrelay/relay.hpp>
#include <logrelay/util/clock.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace logrelay {

/// What is drawn.
struct meter_reading {
  std::uint64_t lines = 0, bytes = 0;  ///< read so far
  double lines_a_second = 0, bytes_a_second = 0;
  std::chrono::seconds elapsed{0};
  double fill = 0;  ///< of the fullest queue, from 0 to 1
  std::uint64_t lost = 0;
};

/// At most `columns` wide: what does not fit is left out, from the right.
[[nodiscard]] std::string meter_text(const meter_reading& now, std::size_t columns, bool colours);

class progress {
 public:
  /// `asked`: by its user.
  progress(bool asked, const relay_config& config, messages& say);
  ~progress() { clear(); }
  progress(const progress&) = delete;

  /// Returns when to be called again; max(): never.
  [[nodiscard]] steady_time look(const relay& running);
  /// Takes it off the screen.
  void clear();

 private:
  [[nodiscard]] meter_reading read(const relay& running, steady_time now);
  void draw(const std::string& text);

  struct sample {
    steady_time when;
    std::uint64_t lines, bytes;
  };
  const bool on_;
  const bool colours_;
  std::vector<std::uint64_t> capacities_;  // of the outputs' queues
  std::deque<sample> samples_;             // of the last seconds
  steady_time next_{};
  bool drawn_ = false;
};

}  // namespace logrelay
