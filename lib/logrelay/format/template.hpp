#pragma once
/// format=TEMPLATE: text with names in braces, as in `{time} {input} {message}`. Compiled once; appending a line
/// allocates nothing but what `to` needs to grow, and each second what strftime makes.
///
///     {line}       the line as it came           {level}     its level, or its input's default-level: "warning"
///     {message}    the line without its priority {facility}  "daemon"
///     {time}       of reading: RFC 3339, UTC     {input}     the input's name
///     {time:...}   strftime, local time          {stream}    "stdin" where the input is one
///     {tai64n}     as multilog writes it         {peer}      who sent it
///                                                {host}      this host
///
/// What is not known is `-`. `{{` and `}}` are braces; `\n`, `\t` and `\\` a newline, a tabulator and a backslash, also
/// in `{time:...}`. Everything else that looks like syntax is a mistake, so that it may get a meaning later.
#include <logrelay/registry.hpp>

namespace logrelay {

/// Asked for by any text with a `{`.
[[nodiscard]] format_kind template_format();

}  // namespace logrelay
