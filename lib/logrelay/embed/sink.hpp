#pragma once
/// Any output of logrelay as a sink of an spdlog logger, behind a queue and a listener of its own:
///
///     spdlog::logger log("app", logrelay::sink("app.log,rotate=64M,keep=10"));
///
/// The endpoint is written as for publisher (embed/publisher.hpp). With the default format=raw the sink's pattern makes
/// the lines, in the listener's thread; any other format finds the record's level, time, logger (as msgid) and message
/// itself. What the pattern makes is one line: a newline inside is written as `\n`.
///
/// Shared with loggers; log() from any thread, at the cost of a copy. flush() returns at once: the listener holds nothing
/// back. The last owner's release, exit(3) and quick_exit(3) bring what is queued to the output within `drain`.
#include <logrelay/embed/publisher.hpp>

#include <spdlog/common.h>

namespace logrelay {

class queued_sink;

/// Opens what has to be there. Throws error: what is wrong with the endpoint, or what cannot be opened.
[[nodiscard]] spdlog::sink_ptr sink(std::string_view endpoint);
[[nodiscard]] spdlog::sink_ptr sink(std::string_view endpoint, const registries& known,
                                    std::chrono::milliseconds drain = publisher::default_drain);
/// The same with an endpoint that has been read and checked; for configure_file() (embed/configure.hpp), which starts it.
[[nodiscard]] std::shared_ptr<queued_sink> sink(const output_config& checked, const registries& known, std::chrono::milliseconds drain);

/// Whether it is one of these, which adopt() leaves as they are.
[[nodiscard]] bool is_queued(const spdlog::sinks::sink& one);
/// Its account, with which it may be stopped early; null where it is no such sink.
[[nodiscard]] publisher* publisher_of(spdlog::sinks::sink& one);

}  // namespace logrelay
