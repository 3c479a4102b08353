#pragma once
/// Between spdlog's messages and ours: views in both directions, nothing is copied. Any thread.
#include <logrelay/decode/packed.hpp>

#include <spdlog/details/log_msg.h>

namespace logrelay {

[[nodiscard]] level level_of(spdlog::level::level_enum own);
[[nodiscard]] program_record record_of(const spdlog::details::log_msg& message);
/// `line` as it lies in a batch; a notice of ours becomes a warning of the logger "logrelay", made at `time`.
[[nodiscard]] spdlog::details::log_msg message_of(std::string_view line, wall_time time);

}  // namespace logrelay
