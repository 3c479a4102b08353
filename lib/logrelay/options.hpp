#pragma once
/// Options of inputs, of outputs and of the program. One row per option is all there is: it feeds the parser, the
/// configuration file's keys, --help, and the check that the man page names it. Everything here runs on the main
/// thread before the start and does no I/O.
#include <logrelay/error.hpp>
#include <logrelay/util/near_miss.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace logrelay {

enum class option_type {
  yes_no,    ///< yes|no, also true|false, on|off and 1|0
  size,      ///< bytes: 512, 64K, 64M, 1G (1024s)
  duration,  ///< 500ms, 10s, 5m, 1h, 7d
  count,     ///< a whole number from 0
  text,      ///< anything but nothing
  choice,    ///< one of `choices`, in any case
  regex,     ///< a regular expression as RE2 takes it
  mode,      ///< file permissions in octal: 0640
};

struct option_row {
  std::string_view name;
  option_type type;
  std::string_view fallback;      ///< the default as a user would write it; empty: none
  std::string_view help;          ///< one sentence: what setting it leads to
  std::string_view choices = {};  ///< for `choice`: "newline|nul|octet"; a synonym after '=': "warning=warn"
  bool repeatable = false;
  std::string_view least = {};    ///< of a size, duration or count, as a user would write it; empty: no bound
  std::string_view most = {};
  std::string_view value_name = {};  ///< what --help calls the value, "FILE"; empty: a word for the type
};

using option_rows = std::span<const option_row>;

template <typename Table>
inline constexpr std::size_t rows_in = 0;
template <std::size_t Size>
inline constexpr std::size_t rows_in<option_row[Size]> = Size;
template <std::size_t Size>
inline constexpr std::size_t rows_in<std::array<option_row, Size>> = Size;

/// One table of several, for kinds that share options.
template <typename... Tables>
consteval auto joined(const Tables&... tables) {
  std::array<option_row, (rows_in<std::remove_const_t<Tables>> + ...)> all{};
  std::size_t to = 0;
  const auto add = [&](const option_row& row) { all[to++] = row; };
  const auto add_all = [&](const auto& table) {
    for (const auto& row : table) add(row);
  };
  (add_all(tables), ...);
  return all;
}

/// An option as it was given.
struct given_option {
  /// What a file's value is; a command line has text only.
  enum class kind : std::uint8_t { text, boolean, integer, octal, other };

  std::string name;
  std::string text;
  std::string at = {};  ///< where in a file, as mistakes are told of it; empty: on the command line
  kind what = kind::text;
  bool among_several = false;  ///< of an array

  friend bool operator==(const given_option& one, const given_option& other) {
    return one.name == other.name && one.text == other.text;
  }
};
using given_options = std::vector<given_option>;

/// The validated values of one input, output or program: what was given, else the row's default. Asking for a name
/// that is in no row, or as another type than its row's, is a mistake of ours and throws std::logic_error. Points to
/// its rows, which have to outlive it.
class option_values {
 public:
  [[nodiscard]] bool knows(std::string_view name) const { return values_.contains(name); }  ///< whether there is such a row
  [[nodiscard]] bool given(std::string_view name) const;  ///< by the user
  [[nodiscard]] bool has(std::string_view name) const;    ///< given, or with a default
  [[nodiscard]] bool yes(std::string_view name) const;
  [[nodiscard]] std::uint64_t size(std::string_view name) const;  ///< bytes; 0 where there is none
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const;  ///< 0 where there is none
  [[nodiscard]] std::uint64_t count(std::string_view name) const;                 ///< 0 where there is none
  [[nodiscard]] const std::string& text(std::string_view name) const;  ///< of a choice: its first synonym
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;  ///< of a repeatable row, in order
  [[nodiscard]] unsigned mode(std::string_view name) const;                 ///< 0 where there is none

  struct given_value {
    const option_row& row;
    const std::vector<std::string>& texts;  ///< a choice by its first synonym, yes or no
  };
  /// What the user gave, by name.
  [[nodiscard]] std::vector<given_value> all_given() const;

 private:
  friend option_values parse_options(const given_options&, std::span<const option_rows>, std::string_view, mistakes&);
  struct value {
    const option_row* row;
    bool given;
    std::vector<std::string> texts;
    std::uint64_t number = 0;  // bytes, milliseconds, count, mode or 1 for yes
  };
  [[nodiscard]] const value& find(std::string_view name) const;
  [[nodiscard]] const value& find(std::string_view name, option_type type) const;
  std::map<std::string, value, std::less<>> values_;
};

/// Checks what was given against the rows of all tables. Each mistake names `whose` ("output 'app.log'"), the option,
/// the value and the way out; an unknown name is answered with the near ones. An empty `whose` is the program itself,
/// whose options are called '--name'. A row in a later table replaces an earlier table's row of the same name. Never
/// stops at the first mistake; a value that is one leaves the default in its place. A file's options are called by their
/// bare names, each mistake with its place, and have to be of a type that goes with the row's.
option_values parse_options(const given_options& given, std::span<const option_rows> tables, std::string_view whose,
                            mistakes& wrong);

/// The names that a row's `choices` offers, synonyms left out.
[[nodiscard]] std::vector<std::string_view> choice_names(const option_row& row);

}  // namespace logrelay
