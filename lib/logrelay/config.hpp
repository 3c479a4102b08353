#pragma once
/// What a relay is asked to do, checked and ready: made from a command line, later from a file. Main thread, no I/O,
/// opens nothing.
#include <logrelay/config_rows.hpp>
#include <logrelay/endpoint.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace logrelay {

struct input_config {
  endpoint where;
  std::string name;
  const input_kind* kind = nullptr;
  option_values options;
  std::string app{};  ///< the program that its lines come from, where they do not say it themselves; empty: not known
};

struct output_config {
  endpoint where;
  std::string name;
  const output_kind* kind = nullptr;
  option_values options;
  std::vector<std::size_t> from;  ///< places in `inputs` that it takes; all of them by default
  std::string timestamp;          ///< template of the prefix that -t asks for; empty: none
  bool in_program = false;        ///< of a program that logs through the library: its descriptors stay its own
};

struct relay_config {
  std::vector<input_config> inputs;
  std::vector<output_config> outputs;
  option_values global;
  std::vector<std::string> command{};  ///< with its arguments; the inputs "stdout" and "stderr" are its; empty: none
};

/// An endpoint of a file, with the options beside it.
struct endpoint_table {
  std::string endpoint;
  given_options options;
  std::string at;  ///< where in the file
};

/// A logger of a file, for programs that have some (embed/logger_config.hpp).
struct logger_table {
  given_options options;
  std::string at;  ///< where in the file
};

/// Endpoints as they were written; none of either means "-". With a command its stdout and stderr are inputs, whether
/// they are among `inputs` or not, and none means nothing else. What a file has stands before what a command line has.
struct relay_request {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  given_options global;
  std::vector<std::string> command{};
  std::vector<endpoint_table> input_tables{}, output_tables{};
  std::vector<logger_table> logger_tables{};
};

/// Checks all of it and reports all mistakes: unknown schemes and keys with the near ones, values, names that are not
/// unique, `from` that names no input, two outputs to one file, and loggers, which a relay has none of. An endpoint without
/// a `name` is called as it was written, "stdin" or "stdout" for "-", "stdout" and "stderr" for a command's, with "#2" and up
/// where that is taken. The registries must outlive the result, which is of use only when nothing was wrong.
relay_config make_config(const relay_request& request, const registries& known, mistakes& wrong);

}  // namespace logrelay
