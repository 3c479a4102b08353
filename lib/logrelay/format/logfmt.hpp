#pragma once
/// format=logfmt: `time=… level=… app=… message="some text"`, as Go programs write and Grafana reads it. A value is quoted
/// where it is empty or has a space, a quote, an equals sign or a control character; bytes that are not UTF-8 become
/// U+FFFD. Structured data is `id@1.name=value`.
#include <logrelay/registry.hpp>

namespace logrelay {

[[nodiscard]] format_kind logfmt_format();

}  // namespace logrelay
