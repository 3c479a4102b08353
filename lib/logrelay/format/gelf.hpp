#pragma once
/// format=gelf: the Graylog Extended Log Format, 1.1. A message of several lines has its first as `short_message` and
/// all of it as `full_message`. What GELF has no name for are additional fields: `_app`, `_id@1_name` of structured data
/// with `_` for what a name may not have.
#include <logrelay/registry.hpp>

namespace logrelay {

[[nodiscard]] format_kind gelf_format();

}  // namespace logrelay
