#pragma once
/// The lists of what there is: one row per kind of input, output, format and filter. main builds them and passes them
/// in, so that a program that uses the library can add rows of its own. Immutable after the start.
#include <logrelay/core/batch.hpp>
#include <logrelay/options.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace logrelay {

class filter;
class format;
class input;
class output;
class time_source;
struct input_config;
struct output_config;

struct input_kind {
  std::string_view scheme;   ///< "tcp"
  std::string_view syntax;   ///< "tcp://[HOST]:PORT"
  std::string_view summary;  ///< one line for --help
  option_rows options;       ///< beside those that every input has
  /// What is wrong with `rest` and the options together, before anything is opened. May be null.
  void (*check)(const input_config&, mistakes&);
  std::unique_ptr<input> (*make)(const input_config&);
};

struct output_kind {
  std::string_view scheme;
  std::string_view syntax;
  std::string_view summary;
  option_rows options;  ///< beside those that every output has; a row of the same name replaces its default
  void (*check)(const output_config&, mistakes&);
  std::unique_ptr<output> (*make)(const output_config&);
  bool network = false;  ///< a stream to another host, for which a format may have a framing of its own
};

struct format_kind {
  std::string_view name;  ///< "raw", "template" …
  std::string_view summary;
  /// Whether `text`, the option's value, asks for this kind.
  bool (*matches)(std::string_view text);
  void (*check)(std::string_view text, std::string_view whose, mistakes&);
  /// May be null: the line as it came. `options` are the output's.
  std::unique_ptr<format> (*make)(std::string_view text, const option_values& options);
  option_rows options = {};  ///< of the output, beside those that every output has; other formats do not take them
  void (*check_options)(const option_values&, std::string_view whose, mistakes&) = nullptr;  ///< those together; may be null
  framing network_framing = framing::newline;  ///< on a stream to another host
  bool has_header = false;  ///< begins with one of its own, before which no --timestamp can stand
};

struct filter_kind {
  option_rows options;  ///< the options that ask for it, common to every output
  /// Adds what the output's options ask for.
  void (*make)(const option_values&, std::vector<std::unique_ptr<filter>>&);
};

struct registries {
  std::vector<input_kind> inputs;
  std::vector<output_kind> outputs;
  std::vector<format_kind> formats;
  std::vector<filter_kind> filters;
};

/// Everything that logrelay itself brings.
[[nodiscard]] registries standard_registries();

}  // namespace logrelay
