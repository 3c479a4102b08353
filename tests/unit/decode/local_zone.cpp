#include "local_zone.hpp"

#include <logrelay/decode/timestamp.hpp>

namespace logrelay {

void local_zone::forget() { static_cast<void>(read_rfc3339("1999-01-01T00:00:00", true)); }

}  // namespace logrelay
