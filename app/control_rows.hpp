#pragma once
/// What logrelayctl does: a row for each way to call it, which feeds its help and its completions; a test checks that the
/// man page names it. Small words and options stand as they are typed, capitals for a word of the user's, and what is in
/// brackets may be left out.
#include <array>
#include <string_view>

namespace logrelay {

struct control_row {
  std::string_view syntax;
  std::string_view help;
  char letter = 0;  ///< of an option's short form
};

inline constexpr std::array control_rows{
    control_row{"top [ADDR]", "A live view of a relay's inputs and outputs; q quits. ADDR is what its --metrics names, or its process number; not needed "
                              "when just one relay runs."},
    control_row{"top --once [ADDR]", "One frame of it."},
    control_row{"spool ls DIR", "The segments of a spool: first line, lines, bytes, and what they are."},
    control_row{"spool cat DIR", "The lines that are not delivered yet, each with a newline."},
    control_row{"spool check DIR", "Read all of it, and say what is damaged or missing."},
    control_row{"spool drain DIR [OUTPUT]", "Print the lines that are not delivered yet, or let logrelay deliver them to OUTPUT, and remove them; not beside "
                                            "its relay."},
    control_row{"--version", "Print the version and leave.", 'V'},
    control_row{"--help", "Print this and leave.", 'h'},
};

}  // namespace logrelay
