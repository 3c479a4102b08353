#pragma once
/// Endpoints as a user writes them: `[scheme:]rest[,key=value]...`, as with socat and mount -o. Only text is looked at
/// here: whether a scheme or a key is known, its registry and its rows decide. Main thread, no I/O.
#include <logrelay/options.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace logrelay {

struct endpoint {
  std::string text;      ///< as it was written
  std::string where;     ///< as it was written, without the options: what names and messages call it
  std::string scheme;    ///< "file", "tcp", "-" …; no scheme is "file", a lone "-" is "-"
  std::string rest;      ///< behind "scheme:", each ",," a ",", and "//" taken away where it was written so
  bool slashes = false;  ///< written as scheme://
  given_options options;
  std::string at = {};  ///< where in a file; empty: on the command line
};

/// Takes an endpoint apart. A word of letters, digits, '+' and '-', the first a letter or a digit, before the first
/// ':' is a scheme. A suffix is an option when it reads `,name=value` with a name of a-z, 0-9 and '-'; its value goes
/// on to the next such suffix, so that `match=a{1,3}` means what it says. `,,` is a comma. A value may be quoted whole
/// with ' or "; inside, nothing has a meaning. Mistakes: an empty text, an unclosed quote, text behind a quote.
endpoint parse_endpoint(std::string_view text, mistakes& wrong);

/// A mistake where people mean an option and the path would have it for a part of itself: it stands alone, as `rotate=64M`,
/// or has blanks or capital letters, as in `app.log, Rotate=64M`, and a row of `tables` has that name.
void check_slips(const endpoint& where, std::string_view whose, std::span<const option_rows> tables, mistakes& wrong);

/// The place of an option, for what is wrong with it together with others; that of its endpoint where it was not given.
[[nodiscard]] std::string place_of(const endpoint& where, std::string_view option);

/// The inherited descriptor that an input reads: 0 for "-", N for "fd:N"; nothing for all others and for what is no
/// number.
std::optional<int> read_descriptor(const endpoint& where);
/// The same of an output: 1 for "-", 2 for "stderr:".
std::optional<int> written_descriptor(const endpoint& where);

struct host_port {
  std::string host;  ///< empty: every address; without the brackets of an IPv6 address
  std::string port;  ///< a number from 0 to 65535 in decimal
};
/// "host:514", ":514", "[::1]:514". A mistake that names `whose` when there is no port or it is not 0 to 65535, or
/// when the host cannot be one; both are empty then.
host_port parse_host_port(std::string_view text, std::string_view whose, mistakes& wrong);
/// `text` with `:port` behind it where it names none: "host", "[::1]", "".
[[nodiscard]] std::string with_default_port(std::string_view text, std::string_view port);

}  // namespace logrelay
