#pragma once
/// Endpoints as a user writes them: `[scheme:]rest[,key=value]...`, as with socat and mount -o. Only text is looked at
/// here: whether a scheme or a key is known, its registry and its rows decide. Main thread, no I/O.
#include <logrelay/options.hpp>

#include <string>
#include <string_view>

namespace logrelay {

struct endpoint {
  std::string text;     ///< as it was written
  std::string where;    ///< as it was written, without the options: what names and messages call it
  std::string scheme;   ///< "file", "tcp", "-" …; no scheme is "file", a lone "-" is "-"
  std::string rest;     ///< behind "scheme:", with "//" taken away for a scheme that was written with it
  bool slashes = false; ///< written as scheme://
  given_options options;
};

/// Takes an endpoint apart. A word of letters, digits, '+' and '-' before the first ':' is a scheme, unless a '/' or a
/// ',' comes before it. A suffix is an option when it reads `,name=value` with a name of a-z, 0-9 and '-'; `,,` is a
/// comma; a value may be quoted whole with ' or ". Mistakes: an empty text, an unclosed quote.
endpoint parse_endpoint(std::string_view text, mistakes& wrong);

struct host_port {
  std::string host;  ///< empty: every address
  std::string port;
};
/// "host:514", ":514", "[::1]:514". A mistake that names `whose` when there is no port or it is not 0 to 65535.
host_port parse_host_port(std::string_view text, std::string_view whose, mistakes& wrong);

}  // namespace logrelay
