#include <logrelay/embed/spdlog_record.hpp>

#include <algorithm>

namespace logrelay {
namespace {

std::string_view view(spdlog::string_view_t text) { return {text.data(), text.size()}; }
spdlog::string_view_t view(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const char* text) { return text == nullptr ? std::string_view() : std::string_view(text); }

}  // namespace

level level_of(spdlog::level::level_enum own) {
  switch (own) {
    case spdlog::level::info: return level::info;
    case spdlog::level::warn: return level::warning;
    case spdlog::level::err: return level::err;
    case spdlog::level::critical:
    case spdlog::level::off: return level::crit;  // `off` is a level that is always logged
    default: return level::debug;
  }
}

program_record record_of(const spdlog::details::log_msg& message) {
  program_record one;
  one.severity = level_of(message.level);
  one.own_level = static_cast<std::uint8_t>(message.level);
  one.time = message.time;
  one.thread = message.thread_id;
  one.logger = view(message.logger_name);
  if (message.source.line > 0) {
    one.file = view(message.source.filename);
    one.function = view(message.source.funcname);
    one.line = static_cast<std::uint32_t>(message.source.line);
  }
  one.message = view(message.payload);
  return one;
}

spdlog::details::log_msg message_of(std::string_view line, wall_time time) {
  program_record one;
  if (!unpack(line, one)) return {time, {}, "logrelay", spdlog::level::warn, view(line)};
  const auto own = static_cast<spdlog::level::level_enum>(std::min<int>(one.own_level, spdlog::level::off));
  const auto name = [](std::string_view text) { return text.empty() ? "" : text.data(); };  // only what is there has its NUL
  const spdlog::source_loc place = one.line == 0 ? spdlog::source_loc{}
                                                 : spdlog::source_loc{name(one.file), static_cast<int>(one.line), name(one.function)};
  spdlog::details::log_msg message(one.time, place, view(one.logger), own, view(one.message));
  message.thread_id = one.thread;
  return message;
}

}  // namespace logrelay
