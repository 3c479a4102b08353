#pragma once
/// A message that no datagram can hold, as memory whose descriptor is sent instead (memfd_create(2), SCM_RIGHTS in
/// unix(7)). Nothing of it can be changed any more: its receiver may read it in place. An output's thread.
#include <logrelay/util/fd.hpp>

#include <string_view>

namespace logrelay {

/// Without waiting. 0, or the number of the error.
[[nodiscard]] int send_sealed(const fd& socket, std::string_view message);

}  // namespace logrelay
