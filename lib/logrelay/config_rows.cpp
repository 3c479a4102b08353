#include <logrelay/config_rows.hpp>

#include <logrelay/core/level.hpp>
#include <logrelay/shared_rows.hpp>
#include <logrelay/spool/spool_options.hpp>

namespace logrelay {
namespace {

constexpr option_row global_table[] = {
    {.name = "timestamp", .type = option_type::text, .fallback = "no",
     .help = "Prefix every line with the time of its reading and a space; RFC 3339, UTC, microseconds unless FORMAT "
             "says otherwise.",
     .value_name = "FORMAT"},
    {.name = "drain-timeout", .type = option_type::duration, .fallback = "30s",
     .help = "How long outputs may make no progress after the end of the input; after TERM or INT the whole time, then "
             "8s by default."},
    {.name = "report", .type = option_type::text, .fallback = "",
     .help = "Write the balance of every output as JSON to FILE at exit and on USR1; - is stderr.",
     .value_name = "FILE"},
    {.name = "metrics", .type = option_type::text, .fallback = "",
     .help = "Serve the balance over HTTP on HOST:PORT or unix:PATH, for Prometheus (/metrics), health checks (/healthz) "
             "and logrelayctl top (/report); none: nowhere. By default on a socket in the runtime directory.",
     .value_name = "ADDR"},
    {.name = "user", .type = option_type::text, .fallback = "",
     .help = "The user to go on as, with its groups, once everything is open; root alone can become somebody.", .value_name = "USER"},
    {.name = "group", .type = option_type::text, .fallback = "", .help = "The group to go on as, instead of the user's own.",
     .value_name = "GROUP"},
    {.name = "ready-fd", .type = option_type::count, .fallback = "",
     .help = "Write a newline to this descriptor, and close it, once everything is open; s6 and others wait for that.", .least = "3",
     .most = "65535"},
    {.name = "progress", .type = option_type::yes_no, .fallback = "no",
     .help = "Show lines, rate, queue and drops as they are, where standard error is a terminal."},
    {.name = "verbose", .type = option_type::yes_no, .fallback = "no",
     .help = "Say what is done, beside what is wrong."},
    {.name = "quiet", .type = option_type::yes_no, .fallback = "no", .help = "Say nothing but errors."},
};

constexpr option_row input_table[] = {
    {.name = "name", .type = option_type::text, .fallback = "",
     .help = "What reports, messages and an output's from call this input instead of its endpoint."},
    {.name = "framing", .type = option_type::choice, .fallback = "newline",
     .help = "What ends a line of a stream; auto looks at each message of syslog. A datagram is always one line.",
     .choices = input_framing_choices},
    {.name = "max-line", .type = option_type::size, .fallback = "1M",
     .help = "A line longer than this is counted as long, and max-line-action applies.", .least = "1", .most = "1G"},
    {.name = "max-line-action", .type = option_type::choice, .fallback = "split",
     .help = "Whether a line that is too long goes on as several, loses its end, or is left out.",
     .choices = "split|truncate|drop"},
    {.name = "decode", .type = option_type::choice, .fallback = "none",
     .help = "With prefix, a <N> before a line is its priority; with syslog, lines are read as RFC 5424 or "
             "RFC 3164; with json, as objects.",
     .choices = decode_choices},
    {.name = "default-level", .type = option_type::choice, .fallback = "info",
     .help = "The level of lines that carry none.", .choices = level_choices},
};

constexpr option_row output_table[] = {
    {.name = "queue", .type = option_type::size, .fallback = "64M",
     .help = "Memory that lines may take while they wait for this output; when it is full, overflow applies.",
     .least = "1"},
    overflow_row("adaptive"),
    {.name = "from", .type = option_type::text, .fallback = "",
     .help = "Take only the lines of the input of this name; repeat it for several.", .repeatable = true,
     .value_name = "INPUT"},
    {.name = "format", .type = option_type::text, .fallback = "raw",
     .help = "How a line is written: a name from the list of formats, or a template with a { in it.",
     .value_name = "FORMAT"},
    {.name = "framing", .type = option_type::choice, .fallback = "",
     .help = "What ends a line; by default what the format and the transport call for.",
     .choices = "newline|nul|octet"},
    {.name = "name", .type = option_type::text, .fallback = "",
     .help = "What reports and messages call this output instead of its endpoint."},
    {.name = "stall-after", .type = option_type::duration, .fallback = "2s",
     .help = "Without progress for this long, an adaptive output counts as dead and no longer holds the inputs.",
     .least = "10ms"},
    {.name = "gap-marker", .type = option_type::yes_no, .fallback = "yes",
     .help = "Write a line in place of lines that were dropped, with their number, the reason and the time."},
    {.name = "strip-ansi", .type = option_type::yes_no, .fallback = "no",
     .help = "Leave out the escape sequences with which terminals show colours."},
};

}  // namespace

option_rows global_rows() { return global_table; }
option_rows common_input_rows() { return input_table; }
option_rows common_output_rows() { return output_table; }

std::vector<option_rows> output_tables(const output_kind& kind, const registries& known) {
  std::vector<option_rows> tables = {common_output_rows(), spool_rows()};
  for (const filter_kind& filter : known.filters) tables.push_back(filter.options);
  for (const format_kind& format : known.formats) tables.push_back(format.options);
  tables.push_back(kind.options);
  return tables;
}

}  // namespace logrelay
