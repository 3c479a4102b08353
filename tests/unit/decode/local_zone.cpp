#include "local_zone.hpp"

#include <logrelay/decode/timestamp.hpp>

namespace logrelay {

void local_zone::forget() { static_cast<void>(read_iso_time("1999-01-01T00:00:00")); }

}  // namespace logrelay
