#pragma once
/// The line that stands where lines were dropped. Any thread.
#include <logrelay/core/slot_list.hpp>

namespace logrelay {

/// What notices come from: "logrelay", at level warning.
[[nodiscard]] std::shared_ptr<const source> notice_source();
[[nodiscard]] batch make_notice(const gap& lost, block_pool& pool, wall_time now, std::shared_ptr<const source> from);

}  // namespace logrelay
