#pragma once
/// Names of the facilities of RFC 5424, section 6.2.1: those of syslog.conf(5), and for 12 to 15, which have none
/// there, what the RFC calls them in short.
#include <string_view>

namespace logrelay {

/// All of them, as the `choices` of an option row.
inline constexpr std::string_view facility_choices =
    "kern|user|mail|daemon|auth=security|syslog|lpr|news|uucp|cron|authpriv|ftp|ntp|audit|alert|clock|"
    "local0|local1|local2|local3|local4|local5|local6|local7";

/// 0 to 23; -1 for what is no name.
[[nodiscard]] int facility_number(std::string_view name);
/// "kern" for 0 to "local7" for 23; empty for any other number, as -1, which means that it is not known.
[[nodiscard]] std::string_view facility_name(int facility);

}  // namespace logrelay
