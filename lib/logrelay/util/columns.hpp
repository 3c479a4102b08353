#pragma once
/// Text in two columns for a terminal of 80: labels at the left, what they mean at the right, as --help has them.
#include <cstddef>
#include <string>
#include <string_view>

namespace logrelay {

class columns {
 public:
  /// A line by itself: a heading, or a line that is wrapped already.
  void line(std::string_view text);
  /// Words over the whole width.
  void paragraph(std::string_view text);
  /// A label `indent` deep with its text beside it, or below it where the label is too long.
  void entry(std::size_t indent, std::string_view label, std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void wrap(std::string_view words, std::size_t indent, std::size_t used);
  std::string text_;
};

}  // namespace logrelay
