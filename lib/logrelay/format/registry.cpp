#include <logrelay/format/raw.hpp>
#include <logrelay/format/registry.hpp>
#include <logrelay/format/template.hpp>

namespace logrelay {

std::vector<format_kind> standard_formats() { return {raw_format(), template_format()}; }

}  // namespace logrelay
