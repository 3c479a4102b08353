#pragma once
/// A configuration file of a program that uses the library, checked and ready: `[[output]]` as for a relay (config.hpp), and
/// for each logger a table
///
///     [[logger]]
///     name = "net"                  # left out or "": the program's default logger
///     level = "debug"               # spdlog's levels; left out: as it is
///     outputs = ["audit", "all"]    # names of outputs; left out: all of them
///
/// What only a relay has is a mistake here: inputs, a command, and options of the program other than `drain-timeout`. No
/// spdlog, no I/O but a look at files (file_conflicts.hpp), opens nothing; any thread.
#include <logrelay/config.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

struct logger_config {
  std::string name;                  ///< empty: the default logger
  std::string level;                 ///< empty: as it is
  std::vector<std::size_t> outputs;  ///< places in `outputs` below
  std::string at;                    ///< where in the file

  [[nodiscard]] std::string whose() const;  ///< "logger 'net'", for messages
};

struct library_config {
  std::vector<output_config> outputs;
  std::vector<logger_config> loggers;
  std::optional<std::chrono::milliseconds> drain;
};

/// The keys of a logger.
[[nodiscard]] option_rows logger_rows();

/// Checks all of it and reports all mistakes: those of the outputs as make_config does, names of outputs that there are
/// none of with the near ones, outputs that no logger has, loggers that come twice. `name` is what the file is called. The
/// registries must outlive the result, which is of use only when nothing was wrong.
[[nodiscard]] library_config make_library_config(relay_request request, const std::string& name, const registries& known,
                                                 mistakes& wrong);

}  // namespace logrelay
