#pragma once
#include <logrelay/registry.hpp>

#include <vector>

namespace logrelay {

/// The formats that logrelay itself brings. Their `check` and `make` are never null; where `make` returns null, lines
/// are written as they came.
[[nodiscard]] std::vector<format_kind> standard_formats();

}  // namespace logrelay
