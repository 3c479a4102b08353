#pragma once
/// One frame of logrelayctl top, as text: pure, so that it can be looked at in tests. Rates are over the time between two
/// reports; of a first one, since the relay's start. What comes from a report is never sent to the terminal as it is:
/// a name or an error may hold anything.
#include <logrelay/report.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

struct top_screen {
  std::size_t width = 80, height = 24;  ///< in characters
  bool colours = true;
  bool blocks = true;  ///< bars of block elements, else of ASCII
};

struct top_frame {
  std::string where{};    ///< the relay's address
  std::string version{};
  std::string trouble{};  ///< why this is not how things are now; empty: it is
  const relay_report* before = nullptr;
  const relay_report* now = nullptr;
  double seconds = 0;  ///< between the two
  std::string hint{};  ///< at the end, where there is room
};

/// Its lines, none wider than the screen, at most as many as it is high.
[[nodiscard]] std::vector<std::string> draw(const top_frame& frame, const top_screen& on);

/// "12.3k", "4.5M": a count in at most five characters.
[[nodiscard]] std::string short_count(double count);
/// "12 s", "3:25 min", "2 h 05", "4 d 07": a time in few characters.
[[nodiscard]] std::string short_time(double seconds);
/// `text` in `width` columns: cut with an ellipsis, filled with spaces, control characters replaced.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width, bool ascii);

}  // namespace logrelay
