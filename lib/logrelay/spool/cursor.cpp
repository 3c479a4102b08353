#include <logrelay/spool/cursor.hpp>

#include <logrelay/util/bytes.hpp>
#include <logrelay/util/crc32c.hpp>

#include <cerrno>
#include <cstring>

namespace logrelay {
namespace {

constexpr std::string_view magic = "LRCURSR\n";
constexpr std::size_t slot_bytes = 36, second_slot = 512;

struct slot_content {
  std::uint64_t generation = 0;
  spool_place place;
};

std::optional<slot_content> decode(std::string_view slot) {
  if (slot.size() < slot_bytes || !slot.starts_with(magic)) return std::nullopt;
  const char* const at = slot.data();
  if (get_number<std::uint32_t>(at + 32) != crc32c(slot.substr(0, 32))) return std::nullopt;
  return slot_content{get_number<std::uint64_t>(at + 8), {get_number<std::uint64_t>(at + 16), get_number<std::uint64_t>(at + 24)}};
}

}  // namespace

int spool_cursor::read() {
  const int missing = folder_.open(std::string(name), file_);
  if (missing != 0) return missing == ENOENT ? 0 : missing;
  char bytes[second_slot + slot_bytes];
  std::size_t got = 0;
  if (const int error_number = file_->read(0, bytes, got)) return error_number;
  const std::string_view all(bytes, got);
  for (const auto at : {std::size_t{0}, second_slot}) {
    const auto slot = decode(all.substr(std::min(at, all.size())));
    if (!slot || (place_ && slot->generation <= generation_)) continue;
    generation_ = slot->generation;
    place_ = slot->place;
  }
  damaged_ = !place_ && got > 0;
  return 0;
}

int spool_cursor::write(const spool_place& place) {
  if (!file_) {
    if (const int error_number = folder_.create(std::string(name), file_)) return error_number;
    new_name_ = true;
  }
  char slot[slot_bytes];
  std::memcpy(slot, magic.data(), magic.size());
  put_number(slot + 8, generation_ + 1);
  put_number(slot + 16, place.lines);
  put_number(slot + 24, place.bytes);
  put_number(slot + 32, crc32c({slot, 32}));
  const iovec piece{slot, sizeof slot};
  if (const int error_number = file_->write((generation_ + 1) % 2 * second_slot, {&piece, 1})) return error_number;
  ++generation_;
  place_ = place;
  return 0;
}

int spool_cursor::sync() {
  if (!file_) return 0;
  if (const int error_number = file_->sync()) return error_number;
  if (!new_name_) return 0;
  const int error_number = folder_.sync_names();
  new_name_ = error_number != 0;
  return error_number;
}

int spool_cursor::remove() {
  if (!file_) return 0;
  file_.reset();
  place_.reset();
  return folder_.remove(std::string(name));
}

}  // namespace logrelay
