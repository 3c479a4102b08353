#pragma once
/// What a decoder has found in a line: views into the line itself, so that nothing is copied or allocated. Valid as long
/// as the line is. What is not known is -1, no time, or empty; the message is always there, if only as the whole line.
#include <logrelay/util/clock.hpp>

#include <optional>
#include <string_view>

namespace logrelay {

struct record {
  int severity = -1;              ///< 0 to 7, RFC 5424, 6.2.1
  int facility = -1;              ///< 0 to 23
  std::optional<wall_time> time;  ///< the sender's own
  std::string_view host, app, pid, msgid;
  std::string_view sd;            ///< `[id name="value"]...` as it came, RFC 5424, 6.3; well-formed
  std::string_view message;
};

}  // namespace logrelay
