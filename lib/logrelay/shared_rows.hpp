#pragma once
/// Option rows that several kinds have: the same key means the same wherever it is taken.
#include <logrelay/options.hpp>

namespace logrelay {

/// Of outputs. What another program or a user reads waits by default, and loses nothing; all others are adaptive.
constexpr option_row overflow_row(std::string_view fallback) {
  return {.name = "overflow", .type = option_type::choice, .fallback = fallback,
          .help = "When the queue is full, hold the inputs, leave out lines, or hold them only while the output "
                  "makes progress.",
          .choices = "block|drop-newest|drop-oldest|adaptive"};
}

inline constexpr option_row fifo_mode_row{
    .name = "mode", .type = option_type::mode, .fallback = "0600",
    .help = "Permissions of the pipe, where it has to be made."};

/// Of inputs and outputs whose protocol has a frame for each line.
inline constexpr option_row relp_framing_row{
    .name = "framing", .type = option_type::choice, .fallback = "octet",
    .help = "RELP has each line's length before it: there is nothing to choose.", .choices = "octet"};

inline constexpr option_row socket_mode_row{
    .name = "mode", .type = option_type::mode, .fallback = "",
    .help = "Permissions of the socket; without it 0777 less the umask."};

}  // namespace logrelay
