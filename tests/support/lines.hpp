#pragma once
/// The lines that tests and benchmarks send, and how they check what came out.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay::support {

/// Real log lines, `bytes` of them at most and nearly so, whole lines only: those of loghub where they lie beside the
/// source (or in LOGRELAY_TEST_DATA), else this machine's package log, else lines made up in the form of syslog's.
/// Repeats what there is.
[[nodiscard]] std::string real_lines(std::size_t bytes);
/// Where real_lines takes them from, for a benchmark to say.
[[nodiscard]] std::string real_lines_origin();

/// `count` lines "0000000042 xxx…" of `length` bytes each (at least 11), their newline included, counted from `first`.
[[nodiscard]] std::string numbered_lines(std::uint64_t first, std::uint64_t count, std::size_t length = 20);
/// Lines of "xxx…", each `length` bytes with its newline.
[[nodiscard]] std::string equal_lines(std::uint64_t count, std::size_t length);

/// How numbered lines came through.
struct sequence {
  std::uint64_t lines = 0;  ///< numbered ones
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t missing = 0;    ///< numbers jumped over
  std::uint64_t misplaced = 0;  ///< doubled or out of order
  std::uint64_t markers = 0;
  std::uint64_t announced = 0;  ///< dropped lines, as the markers tell
  std::uint64_t foreign = 0;    ///< neither numbered nor a marker: torn or merged

  /// Numbers 0 to count - 1, once and in order, and nothing else.
  [[nodiscard]] bool is_whole(std::uint64_t count) const {
    return lines == count && (count == 0 || (first == 0 && last == count - 1)) &&
           missing + misplaced + markers + foreign == 0;
  }
  /// What is there is in order, and what is not was announced: delivered + announced = count.
  [[nodiscard]] bool accounts_for(std::uint64_t count) const {
    return misplaced + foreign == 0 && lines + announced == count;
  }
};
/// `length` is that of numbered_lines: a line of another length is foreign.
[[nodiscard]] sequence read_sequence(std::string_view text, std::size_t length = 20);
/// "5 lines, 2 to 9, 3 missing …", for messages.
[[nodiscard]] std::string to_string(const sequence& sequence);

[[nodiscard]] std::uint64_t count_newlines(std::string_view text);
/// Empty where both are the same; else where they part, and what stands there: a failed test stays readable.
[[nodiscard]] std::string difference(std::string_view got, std::string_view wanted);

/// The lines without their newlines; a last one without newline is one, too.
[[nodiscard]] std::vector<std::string> split_lines(std::string_view text);

}  // namespace logrelay::support
