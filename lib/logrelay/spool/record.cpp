#include <logrelay/spool/record.hpp>

#include <logrelay/util/bytes.hpp>
#include <logrelay/util/crc32c.hpp>

#include <algorithm>
#include <cstring>

namespace logrelay {
namespace {

constexpr std::string_view segment_magic = "LRSPOOL\n";
constexpr std::size_t longest_name = 4096;
constexpr std::size_t source_numbers = 19;

std::uint64_t nanoseconds(wall_time time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

wall_time time_of(std::uint64_t nanoseconds) {
  return wall_time(std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds))));
}

std::uint32_t sum_of_salt(std::uint32_t salt) {
  char bytes[4];
  put_number(bytes, salt);
  return crc32c({bytes, sizeof bytes});
}

void put_place(char* to, const tally& place) {
  put_number(to, place.lines);
  put_number(to + 8, place.bytes);
}

tally get_place(const char* from) { return {get_number<std::uint64_t>(from), get_number<std::uint64_t>(from + 8)}; }

decoded_header decode_one(std::string_view bytes) {
  if (bytes.size() < segment_header::bytes || !bytes.starts_with(segment_magic)) return {};
  const char* const at = bytes.data();
  if (get_number<std::uint32_t>(at + 44) != crc32c(bytes.substr(0, 44))) return {};
  const auto version = get_number<std::uint32_t>(at + 8);
  if (version != segment_header::version) return {{}, version};
  return {segment_header{get_number<std::uint32_t>(at + 12), get_place(at + 16), time_of(get_number<std::uint64_t>(at + 32))}, 0};
}

}  // namespace

std::array<char, segment_header::bytes> encode(const segment_header& head) {
  std::array<char, segment_header::bytes> made{};
  char* const at = made.data();
  std::memcpy(at, segment_magic.data(), segment_magic.size());
  put_number(at + 8, segment_header::version);
  put_number(at + 12, head.salt);
  put_place(at + 16, head.begin);
  put_number(at + 32, nanoseconds(head.made));
  put_number(at + 44, crc32c({at, 44}));
  return made;
}

std::array<char, record_header::bytes> encode(const record_header& head, std::uint32_t salt) {
  std::array<char, record_header::bytes> made{};
  char* const at = made.data();
  std::memcpy(at, record_header::magic.data(), record_header::magic.size());
  put_place(at + 8, head.begin);
  put_number(at + 24, nanoseconds(head.time));
  put_number(at + 32, static_cast<std::uint32_t>(head.count.lines));
  put_number(at + 36, static_cast<std::uint32_t>(head.count.bytes));
  put_number(at + 40, head.size);
  put_number(at + 44, head.body_sum);
  put_number(at + 48, head.source_size);
  at[50] = static_cast<char>(head.kind);
  at[51] = static_cast<char>(head.frames);
  put_number(at + 4, crc32c({at + 8, record_header::bytes - 8}, sum_of_salt(salt)));
  return made;
}

decoded_header decode_segment_header(std::string_view first_bytes) {
  auto first = decode_one(first_bytes);
  if (first.head || first.other_version != 0 || first_bytes.size() < segment_header::bytes) return first;
  return decode_one(first_bytes.substr(segment_header::bytes));
}

std::optional<record_header> decode_record_header(std::string_view first_bytes, std::uint32_t salt) {
  if (first_bytes.size() < record_header::bytes || !first_bytes.starts_with(record_header::magic)) return std::nullopt;
  const char* const at = first_bytes.data();
  if (get_number<std::uint32_t>(at + 4) != crc32c({at + 8, record_header::bytes - 8}, sum_of_salt(salt))) return std::nullopt;
  record_header head;
  head.begin = get_place(at + 8);
  head.time = time_of(get_number<std::uint64_t>(at + 24));
  head.count = {get_number<std::uint32_t>(at + 32), get_number<std::uint32_t>(at + 36)};
  head.size = get_number<std::uint32_t>(at + 40);
  head.body_sum = get_number<std::uint32_t>(at + 44);
  head.source_size = get_number<std::uint16_t>(at + 48);
  if (static_cast<std::uint8_t>(at[50]) > 2 || static_cast<std::uint8_t>(at[51]) > 2) return std::nullopt;
  head.kind = static_cast<record_kind>(at[50]);
  head.frames = static_cast<framing>(at[51]);
  return head;
}

std::string encode(const source& from) {
  std::string made(source_numbers, '\0');
  made[0] = static_cast<char>(from.decode);
  made[1] = static_cast<char>(from.default_level);
  made[2] = from.local ? 1 : 0;
  put_number(made.data() + 3, static_cast<std::uint64_t>(from.pid));
  put_number(made.data() + 11, static_cast<std::uint64_t>(from.uid));
  for (const auto* text : {&from.input_name, &from.stream, &from.peer, &from.app}) {
    const auto size = std::min(text->size(), longest_name);
    char head[2];
    put_number(head, static_cast<std::uint16_t>(size));
    made.append(head, sizeof head).append(*text, 0, size);
  }
  return made;
}

std::shared_ptr<const source> decode_source(std::string_view bytes) {
  auto made = std::make_shared<source>();
  made->input = static_cast<std::size_t>(-1);  // of another run: no place in this one's list
  if (bytes.size() < source_numbers) return made;
  made->decode = static_cast<decoding>(bytes[0]);
  made->default_level = static_cast<level>(bytes[1]);
  made->local = bytes[2] != 0;
  made->pid = static_cast<std::int64_t>(get_number<std::uint64_t>(bytes.data() + 3));
  made->uid = static_cast<std::int64_t>(get_number<std::uint64_t>(bytes.data() + 11));
  bytes.remove_prefix(source_numbers);
  for (auto* text : {&made->input_name, &made->stream, &made->peer, &made->app}) {
    if (bytes.size() < 2) break;
    const auto size = get_number<std::uint16_t>(bytes.data());
    bytes.remove_prefix(2);
    text->assign(bytes.substr(0, size));
    bytes.remove_prefix(std::min<std::size_t>(size, bytes.size()));
  }
  return made;
}

std::uint32_t body_sum(std::uint32_t salt, std::string_view from, std::string_view bytes) {
  return crc32c(bytes, crc32c(from, sum_of_salt(salt)));
}

}  // namespace logrelay
