#pragma once
/// A report as it was served, read back: the inverse of to_json. What a report of another version does not have is zero.
#include <logrelay/report.hpp>

#include <string>
#include <string_view>

namespace logrelay {

struct read_report {
  relay_report report;
  std::string version{};
  std::string error{};  ///< why it is none; empty: it is one
};

[[nodiscard]] read_report from_json(std::string_view text);

}  // namespace logrelay
