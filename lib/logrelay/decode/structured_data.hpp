#pragma once
/// The structured data of RFC 5424, 6.3: `[id name="value" ...][id ...]`. Any thread, no I/O, no allocation but what is
/// asked for, never fails. More is accepted than the RFC has: names of any length and any printable byte, and a `]` in a
/// value that lacks its backslash, since the quotes say well enough where the value ends.
#include <cstddef>
#include <string>
#include <string_view>

namespace logrelay {

/// How much of `text` is well-formed elements, from its front; 0: none.
[[nodiscard]] std::size_t structured_data_size(std::string_view text);

/// Walks the parameters of well-formed structured data. An element without parameters is one step with an empty name.
class sd_cursor {
 public:
  explicit sd_cursor(std::string_view sd) : rest_(sd) {}
  struct parameter {
    std::string_view id;
    std::string_view name;
    std::string_view value;  ///< escaped as it came
  };
  bool next(parameter& to);

 private:
  std::string_view rest_;
  std::string_view id_;
};

/// Appends a value without its backslashes.
void append_sd_plain(std::string_view value, std::string& to);
/// Appends a value with a backslash before each `"`, `\` and `]`.
void append_sd_escaped(std::string_view value, std::string& to);

/// Appends both as one, in which each id stands once, as RFC 5424, 6.3.2 demands: where both have an element of an id, the
/// parameters of `ours` follow those of `theirs` in it, in the place of those of the same name.
void append_sd_merged(std::string_view theirs, std::string_view ours, std::string& to);

}  // namespace logrelay
