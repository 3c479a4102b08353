#include <logrelay/input/tail/finished_files.hpp>

#include <logrelay/input/tail/tailed_file.hpp>
#include <logrelay/util/crc32c.hpp>

#include <algorithm>

namespace logrelay {
namespace {

constexpr std::size_t most_remembered = 256;

}  // namespace

void finished_files::remember(file_position position) {
  position.done = true;
  all_.push_back(std::move(position));
  if (all_.size() > most_remembered) all_.pop_front();
}

void finished_files::remember_whole(const found_file& one) {
  auto place = one.place;
  const auto head = read_head(one.file, most_head_bytes);
  place.head_size = static_cast<std::uint32_t>(head.size());
  place.head_crc = crc32c(head);
  place.offset = one.size;
  remember(std::move(place));
}

const file_position* finished_files::find(const fd& file, dev_t device, ino_t inode) const {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const file_position& each) {
    return each.device == device && each.inode == inode && begins_as(file, each);
  });
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace logrelay
