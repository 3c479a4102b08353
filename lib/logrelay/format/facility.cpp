#include <logrelay/format/facility.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace logrelay {
namespace {

constexpr std::array<std::string_view, 24> names = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7",
};

}  // namespace

std::string_view facility_name(int facility) {
  const auto n = static_cast<std::size_t>(facility);
  return n < names.size() ? names[n] : std::string_view();
}

int facility_number(std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

}  // namespace logrelay
