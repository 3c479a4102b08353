#include <logrelay/decode/packed.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace logrelay {
namespace {

constexpr char mark = '\x1e';
constexpr std::size_t longest_name = 65535;

struct header {
  char mark;
  std::uint8_t severity, own_level, unused;
  std::uint16_t logger_size, unused2;
  std::int64_t time;
  std::uint64_t thread;
  std::uint32_t line;
  std::uint16_t file_size, function_size;
};
static_assert(sizeof(header) == 32);

std::size_t size_of(std::string_view name) { return std::min(name.size(), longest_name); }
// With its NUL, where it is there.
std::size_t room_for(std::size_t size) { return size == 0 ? 0 : size + 1; }

char* put(std::string_view text, char* to) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* put_terminated(std::string_view text, char* to) {
  if (text.empty()) return to;
  to = put(text, to);
  *to = '\0';
  return to + 1;
}

}  // namespace

std::size_t packed_size(const program_record& one) {
  return sizeof(header) + size_of(one.logger) + room_for(size_of(one.file)) + room_for(size_of(one.function)) + one.message.size();
}

void pack(const program_record& one, char* to) {
  // Each field goes where it belongs: a header put together here would be read again before its small stores are through.
  const auto set = [&](std::size_t at, auto value) { std::memcpy(to + at, &value, sizeof value); };
  set(offsetof(header, mark), mark);
  set(offsetof(header, severity), static_cast<std::uint8_t>(one.severity));
  set(offsetof(header, own_level), one.own_level);
  set(offsetof(header, unused), std::uint8_t{0});
  set(offsetof(header, logger_size), static_cast<std::uint16_t>(size_of(one.logger)));
  set(offsetof(header, unused2), std::uint16_t{0});
  set(offsetof(header, time), std::int64_t{std::chrono::duration_cast<std::chrono::nanoseconds>(one.time.time_since_epoch()).count()});
  set(offsetof(header, thread), one.thread);
  set(offsetof(header, line), one.line);
  set(offsetof(header, file_size), static_cast<std::uint16_t>(size_of(one.file)));
  set(offsetof(header, function_size), static_cast<std::uint16_t>(size_of(one.function)));
  to = put(one.logger.substr(0, longest_name), to + sizeof(header));
  to = put_terminated(one.file.substr(0, longest_name), to);
  to = put_terminated(one.function.substr(0, longest_name), to);
  put(one.message, to);
}

bool unpack(std::string_view bytes, program_record& into) {
  header head;
  if (bytes.size() < sizeof head || bytes.front() != mark) return false;
  std::memcpy(&head, bytes.data(), sizeof head);
  const std::size_t names = std::size_t{head.logger_size} + room_for(head.file_size) + room_for(head.function_size);
  if (head.severity > static_cast<std::uint8_t>(level::debug) || bytes.size() - sizeof head < names) return false;
  const auto terminated = [&](std::size_t end) { return bytes[sizeof head + end] == '\0'; };
  if (head.file_size > 0 && !terminated(std::size_t{head.logger_size} + head.file_size)) return false;
  if (head.function_size > 0 && !terminated(names - 1)) return false;
  into.severity = static_cast<level>(head.severity);
  into.own_level = head.own_level;
  into.time = wall_time(std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds(head.time)));
  into.thread = head.thread;
  into.line = head.line;
  bytes.remove_prefix(sizeof head);
  into.logger = bytes.substr(0, head.logger_size);
  bytes.remove_prefix(head.logger_size);
  into.file = bytes.substr(0, head.file_size);
  bytes.remove_prefix(room_for(head.file_size));
  into.function = bytes.substr(0, head.function_size);
  bytes.remove_prefix(room_for(head.function_size));
  into.message = bytes;
  return true;
}

void decode_packed(std::string_view line, record& into) {
  program_record found;
  if (!unpack(line, found)) return;
  into.severity = static_cast<int>(found.severity);
  into.time = found.time;
  into.msgid = found.logger;
  into.message = found.message;
}

}  // namespace logrelay
