#pragma once
/// Names of the facilities of RFC 5424, section 6.2.1: those of syslog.conf(5), and for 12 to 15, which have none
/// there, what the RFC calls them in short.
#include <string_view>

namespace logrelay {

/// "kern" for 0 to "local7" for 23; empty for any other number, as -1, which means that it is not known.
[[nodiscard]] std::string_view facility_name(int facility);

}  // namespace logrelay
