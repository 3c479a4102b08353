#pragma once
/// format=json: one object a line, RFC 8259. What is not known is left out; bytes that are not UTF-8 become U+FFFD.
/// `sd` is an object of objects, `{"id@1":{"name":"value"}}`.
#include <logrelay/registry.hpp>

namespace logrelay {

[[nodiscard]] format_kind json_format();

}  // namespace logrelay
