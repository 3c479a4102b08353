#pragma once
/// The configuration file: TOML with the program's options by their long names, `command`, and a table `[[input]]` or
/// `[[output]]` for each endpoint, with `endpoint` and the same keys as behind one on the command line; in a program that
/// uses the library, `[[logger]]` for each of its loggers. Made into a request here; what names and values mean is checked by make_config against the option rows, so that no row is named twice.
/// Main thread.
#include <logrelay/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

/// Reads the file. That it cannot be read is one mistake, as is the first error of its syntax; all others are collected,
/// each with "FILE:LINE:COLUMN: " before it, and whatever is understood is in the request.
[[nodiscard]] relay_request read_config_file(const std::string& path, mistakes& wrong);
/// The same with the file's text; `name` is what places in it are called by.
[[nodiscard]] relay_request parse_config(std::string_view text, const std::string& name, mistakes& wrong);

/// All that is wrong: first what is in the file of that name, by line and column, then the rest.
[[nodiscard]] std::vector<std::string> in_order_of_lines(const mistakes& wrong, const std::string& name);

}  // namespace logrelay
