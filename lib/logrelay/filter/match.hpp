#pragma once
/// The options `match` and `reject`: an output takes the lines in which any `match` finds something, if there are any,
/// and no `reject` does. They look at the line as it came, its priority included.
///
/// Patterns and lines are UTF-8, so that `ü`, `[äö]` and `(?i)Ä` mean letters, and `.` is one. In a line that is not
/// UTF-8 throughout, each stray byte counts as one U+FFFD: `a.c` and `[^b]` take it, and no pattern fails because of a
/// byte elsewhere in the line. (Latin-1 was the rejected idea: there `ü` is two characters, and a class that holds it
/// matches half of it.) The time is linear in the line, whatever the pattern.
#include <logrelay/registry.hpp>

#include <string>
#include <string_view>

namespace logrelay {

[[nodiscard]] filter_kind match_filter();

/// What is wrong with a regular expression, "missing ): (abc"; empty when nothing is.
[[nodiscard]] std::string regex_mistake(std::string_view pattern);

}  // namespace logrelay
