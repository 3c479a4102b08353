#include <logrelay/format/gelf.hpp>
#include <logrelay/format/journal.hpp>
#include <logrelay/format/json.hpp>
#include <logrelay/format/logfmt.hpp>
#include <logrelay/format/raw.hpp>
#include <logrelay/format/registry.hpp>
#include <logrelay/format/rfc3164.hpp>
#include <logrelay/format/rfc5424.hpp>
#include <logrelay/format/template.hpp>

namespace logrelay {

std::vector<format_kind> standard_formats() {
  return {raw_format(), rfc5424_format(), rfc3164_format(), json_format(), gelf_format(), logfmt_format(), journal_format(), template_format()};
}

}  // namespace logrelay
