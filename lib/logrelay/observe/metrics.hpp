#pragma once
/// The balance as Prometheus reads it: its text format, version 0.0.4. Names say what they count and in which unit, and
/// are those of the report: once released they do not change. No I/O, any thread.
#include <logrelay/report.hpp>

#include <string>
#include <string_view>

namespace logrelay {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Every family with its HELP and TYPE, then a sample for each input or output; no input and no output, no sample.
[[nodiscard]] std::string to_metrics(const relay_report& report, std::string_view version);

}  // namespace logrelay
