#pragma once
/// format=raw: the line as it came. It has no code: a listener without a format writes batches out whole.
#include <logrelay/registry.hpp>

namespace logrelay {

[[nodiscard]] format_kind raw_format();

}  // namespace logrelay
