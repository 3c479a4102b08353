#pragma once
/// Turns batches into what goes over the wire: the very same bytes where nothing is asked for, else filtered, formatted
/// and framed lines in a buffer of the listener's own. Owned by a listener; its thread only; no I/O.
#include <logrelay/core/wire_window.hpp>
#include <logrelay/filter/filter.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace logrelay {

struct encoding_rules {
  std::optional<framing> frames;  ///< of the wire; nothing: one datagram a line
  bool strip_ansi = false;         ///< before filters and formats see the line
  std::unique_ptr<format> prefix;  ///< put before each line; may be null
  std::unique_ptr<format> body;    ///< null: the line as it came
  std::vector<std::unique_ptr<filter>> filters;
  std::unique_ptr<format> route = nullptr;  ///< where within the output a line goes, such as which file; null: there is one place
};

class line_encoder {
 public:
  explicit line_encoder(encoding_rules&& rules) : rules_(std::move(rules)) {}

  /// Takes lines off the front of `lines`, all of them or about 64 KiB worth of built bytes, and returns them encoded.
  /// `lines` is empty (size 0) when nothing is left. All lines of a chunk have the same route. `memory` is an empty chunk
  /// whose memory is used again for built bytes. May throw, for lack of memory.
  [[nodiscard]] wire_chunk encode(batch& lines, wire_chunk memory = {});
  [[nodiscard]] std::optional<framing> frames() const { return rules_.frames; }

 private:
  [[nodiscard]] wire_chunk encoded(batch& lines, wire_chunk memory);
  [[nodiscard]] bool as_is(const batch& lines) const;
  void build(const line_view& line, std::string& to);
  [[nodiscard]] std::size_t end_of_route(const batch& lines);

  encoding_rules rules_;
  std::string text_;   // one line, while it is made
  std::string clean_;  // one line without escape sequences
  std::string route_;  // of the last line; a marker goes where that went
};

}  // namespace logrelay
