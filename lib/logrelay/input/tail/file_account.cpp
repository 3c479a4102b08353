#include <logrelay/input/tail/file_account.hpp>

#include <logrelay/util/crc32c.hpp>

#include <algorithm>

namespace logrelay {

file_account::file_account(file_position at, std::string head, batch_sink& sink, std::function<void()> on_settled)
    : sealed_(at.offset), book_(sink, std::move(on_settled)) {
  pasts_.push_back({std::move(at), std::move(head)});
}

void file_account::seal(std::uint64_t end) {
  if (end == sealed_) return;
  sealed_ = end;
  marks_.push_back({first_past_ + pasts_.size() - 1, end});
  book_.seal(end);
}

void file_account::goes_on_in(dev_t device, ino_t inode) {
  pasts_.back().position.device = device;
  pasts_.back().position.inode = inode;
}

void file_account::begin_past(file_position from) {
  pasts_.push_back({std::move(from), {}});
  sealed_ = 0;
}

bool file_account::has_been(dev_t device, ino_t inode) const {
  return std::any_of(pasts_.begin(), pasts_.end(), [&](const past& each) { return each.position.device == device && each.position.inode == inode; });
}

bool file_account::settle(std::vector<file_position>& history) {
  bool any = false;
  while (book_.next()) {
    const mark& one = marks_.front();
    pasts_[one.past - first_past_].position.offset = one.end;
    marks_.pop_front();
    any = true;
  }
  // What is settled to its end and has a successor is history.
  while (pasts_.size() > 1 && (marks_.empty() || marks_.front().past > first_past_)) {
    history.push_back(position_of(pasts_.front()));
    pasts_.pop_front();
    ++first_past_;
    any = true;
  }
  return any;
}

void file_account::append_positions(bool done, std::vector<file_position>& to) const {
  for (const auto& each : pasts_) {
    to.push_back(position_of(each));
    to.back().done = done;
  }
}

std::vector<file_position> file_account::read_pasts() const {
  std::vector<file_position> all;
  for (std::size_t i = 0; i + 1 < pasts_.size(); ++i) {
    all.push_back(position_of(pasts_[i]));
    all.back().done = true;
    for (const auto& each : marks_)
      if (each.past == first_past_ + i) all.back().offset = each.end;
  }
  return all;
}

file_position file_account::now_at(std::uint64_t offset) const {
  auto position = position_of(pasts_.back());
  position.offset = offset;
  return position;
}

file_position file_account::position_of(const past& one) {
  auto position = one.position;
  position.head_size = static_cast<std::uint32_t>(one.head.size());
  position.head_crc = crc32c(one.head);
  return position;
}

void open_accounts::add(std::unique_ptr<file_account> one) {
  std::vector<file_position> history;
  one->settle(history);
  if (!one->is_settled()) all_.push_back(std::move(one));
}

bool open_accounts::settle() {
  bool any = false;
  std::vector<file_position> history;  // which who goes on knows
  for (const auto& each : all_) any = each->settle(history) || any;
  std::erase_if(all_, [](const auto& each) { return each->is_settled(); });
  return any;
}

void open_accounts::replace(std::vector<file_position>& positions) const {
  std::vector<file_position> open;
  for (const auto& each : all_) {
    std::vector<file_position> own;
    each->append_positions(false, own);
    for (auto& one : own) {
      const auto is_it = [&](const file_position& other) { return other.device == one.device && other.inode == one.inode; };
      std::erase_if(positions, is_it);
      if (std::none_of(open.begin(), open.end(), is_it)) open.push_back(std::move(one));
    }
  }
  positions.insert(positions.begin(), std::make_move_iterator(open.begin()), std::make_move_iterator(open.end()));
}

}  // namespace logrelay
