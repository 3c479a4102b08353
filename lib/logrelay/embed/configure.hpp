#pragma once
/// A program's loggers from a file, as Python's dictConfig has them, each output behind a queue with a listener of its own:
///
///     auto queued = logrelay::configure_file("app.toml");
///
/// The file is that of the program (logrelay.conf(5)): `[[output]]` tables with the same keys, and a `[[logger]]` table for
/// each logger, with its name, level and outputs (embed/logger_config.hpp).
///
/// A logger that is registered under the name keeps its identity and gets the named outputs in place of its sinks; one that
/// is not there is made and registered, as spdlog's registry sets it up. Loggers with the same output share its one queue
/// and listener. With format=raw the sink's pattern makes the lines; any other `format` is the output's.
///
/// Throws error for all that is wrong, one mistake a line, each with its place, and for all outputs that cannot be opened:
/// no logger has been touched then. Call it, and destroy what it returns, while nobody else logs, as with adopt(). From
/// then on `queued` is what adopt() returns, except that after stop() records are refused, and counted: there is no old
/// sink for them. Its destructor gives loggers that were there their sinks and levels back, and lets those go that were
/// made. Before a second configuration of the same loggers the first has to be destroyed; else it is an error.
///
/// Cost: that of opening each output, and a thread for each; a log call's is that of sink() (embed/sink.hpp).
#include <logrelay/embed/adopt.hpp>

#include <string>
#include <string_view>

namespace logrelay {

/// `known`: the kinds of outputs that there are, which outlive what is returned.
[[nodiscard]] queued configure_file(const std::string& path, const registries& known = publisher::standard_kinds());
/// The same with the file's text. Places in it are told as "configuration:LINE:COLUMN".
[[nodiscard]] queued configure_text(std::string_view text, const registries& known = publisher::standard_kinds());

}  // namespace logrelay
