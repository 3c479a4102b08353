#include <support/simulated_disk.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <set>

namespace logrelay::support {

class simulated_file final : public disk_file {
 public:
  simulated_file(simulated_disk& on, std::size_t number) : on_(on), number_(number), content_(on.contents_[number]) {}

  int write(std::uint64_t offset, std::span<const iovec> pieces) override {
    std::string bytes;
    for (const auto& each : pieces) bytes.append(static_cast<const char*>(each.iov_base), each.iov_len);
    const int error_number = on_.fault ? on_.fault(simulated_disk::kind::write, bytes.size()) : 0;
    if (error_number != 0) bytes.resize(bytes.size() / 2);
    if (content_->size() < offset + bytes.size()) content_->resize(offset + bytes.size());
    content_->replace(offset, bytes.size(), bytes);
    if (on_.remembers) on_.operations_.push_back({simulated_disk::kind::write, {}, {}, number_, offset, std::move(bytes)});
    return error_number;
  }

  int read(std::uint64_t offset, std::span<char> into, std::size_t& got) override {
    got = 0;
    if (const int error_number = on_.fault ? on_.fault(simulated_disk::kind::read, into.size()) : 0) return error_number;
    if (offset >= content_->size()) return 0;
    got = std::min(into.size(), content_->size() - offset);
    std::memcpy(into.data(), content_->data() + offset, got);
    return 0;
  }

  int sync() override {
    if (const int error_number = on_.fault ? on_.fault(simulated_disk::kind::sync, 0) : 0) return error_number;
    if (on_.remembers) on_.operations_.push_back({simulated_disk::kind::sync, {}, {}, number_, 0, {}});
    return 0;
  }

 private:
  simulated_disk& on_;
  const std::size_t number_;
  const std::shared_ptr<std::string> content_;
};

simulated_disk::simulated_disk(const folder_image& image) {
  for (const auto& [name, bytes] : image) {
    names_[name] = contents_.size();
    contents_.push_back(std::make_shared<std::string>(bytes));
  }
}

int simulated_disk::list(std::vector<entry>& files) {
  files.clear();
  for (const auto& [name, number] : names_) files.push_back({name, contents_[number]->size()});
  return 0;
}

int simulated_disk::create(const std::string& name, std::unique_ptr<disk_file>& file) {
  if (const int error_number = fault ? fault(kind::create, 0) : 0) return error_number;
  names_[name] = contents_.size();
  contents_.push_back(std::make_shared<std::string>());
  if (remembers) operations_.push_back({kind::create, name, {}, contents_.size() - 1, 0, {}});
  file = std::make_unique<simulated_file>(*this, contents_.size() - 1);
  return 0;
}

int simulated_disk::open(const std::string& name, std::unique_ptr<disk_file>& file) {
  const auto found = names_.find(name);
  if (found == names_.end()) return ENOENT;
  file = std::make_unique<simulated_file>(*this, found->second);
  return 0;
}

int simulated_disk::remove(const std::string& name) {
  if (const int error_number = fault ? fault(kind::remove, 0) : 0) return error_number;
  if (names_.erase(name) == 0) return ENOENT;
  if (remembers) operations_.push_back({kind::remove, name, {}, 0, 0, {}});
  return 0;
}

int simulated_disk::rename(const std::string& from, const std::string& to) {
  if (const int error_number = fault ? fault(kind::rename, 0) : 0) return error_number;
  const auto found = names_.find(from);
  if (found == names_.end()) return ENOENT;
  names_[to] = found->second;
  names_.erase(from);
  if (remembers) operations_.push_back({kind::rename, from, to, 0, 0, {}});
  return 0;
}

int simulated_disk::sync_names() {
  if (const int error_number = fault ? fault(kind::sync_names, 0) : 0) return error_number;
  if (remembers) operations_.push_back({kind::sync_names, {}, {}, 0, 0, {}});
  return 0;
}

folder_image simulated_disk::image() const {
  folder_image all;
  for (const auto& [name, number] : names_) all[name] = *contents_[number];
  return all;
}

std::uint64_t simulated_disk::bytes() const {
  std::uint64_t all = 0;
  for (const auto& [name, number] : names_) all += contents_[number]->size();
  return all;
}

namespace {

struct crashed {
  std::map<std::string, std::size_t> names;
  std::map<std::size_t, std::string> contents;

  void apply(const simulated_disk::operation& one, std::size_t bytes) {
    using kind = simulated_disk::kind;
    switch (one.what) {
      case kind::create: names[one.name] = one.file; break;
      case kind::remove: names.erase(one.name); break;
      case kind::rename:
        if (const auto found = names.find(one.name); found != names.end()) {
          names[one.other] = found->second;
          names.erase(one.name);
        }
        break;
      case kind::write: {
        auto& to = contents[one.file];
        // The file may have grown before its bytes came.
        if (to.size() < one.offset + one.bytes.size() && bytes != one.bytes.size() && bytes % 2 == 1) to.resize(one.offset + one.bytes.size());
        if (to.size() < one.offset + bytes) to.resize(one.offset + bytes);
        to.replace(one.offset, bytes, one.bytes, 0, bytes);
        break;
      }
      default: break;
    }
  }

  [[nodiscard]] folder_image image() const {
    folder_image all;
    for (const auto& [name, number] : names) {
      const auto found = contents.find(number);
      all[name] = found == contents.end() ? std::string() : found->second;
    }
    return all;
  }
};

}  // namespace

std::size_t simulated_disk::each_crash(std::size_t count, const std::function<void(const folder_image&, bool)>& look) const {
  // What was synced before; and the rest, which may be there or not.
  std::vector<bool> safe(count, false);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& done = operations_[i];
    for (std::size_t k = 0; k < i; ++k) {
      const bool of_names = operations_[k].what == kind::create || operations_[k].what == kind::remove || operations_[k].what == kind::rename;
      if (done.what == kind::sync_names && of_names) safe[k] = true;
      if (done.what == kind::sync && operations_[k].what == kind::write && operations_[k].file == done.file) safe[k] = true;
    }
  }
  std::vector<std::size_t> loose;
  for (std::size_t i = 0; i < count; ++i)
    if (!safe[i] && operations_[i].what != kind::sync && operations_[i].what != kind::sync_names) loose.push_back(i);

  std::set<folder_image> seen;
  const auto show = [&](const std::function<std::size_t(std::size_t loose_index)>& kept_bytes, bool all_kept) {
    crashed state;
    for (std::size_t i = 0, k = 0; i < count; ++i) {
      const auto& one = operations_[i];
      std::size_t bytes = one.bytes.size();
      if (k < loose.size() && loose[k] == i) {
        bytes = kept_bytes(k++);
        if (bytes == static_cast<std::size_t>(-1)) continue;
      }
      state.apply(one, std::min(bytes, one.bytes.size()));
    }
    auto image = state.image();
    if (seen.insert(image).second) look(image, all_kept);
  };
  constexpr auto dropped = static_cast<std::size_t>(-1), kept = dropped - 1;

  const auto n = loose.size();
  show([&](std::size_t) { return kept; }, true);
  show([&](std::size_t) { return dropped; }, false);
  if (n <= 9) {
    for (std::size_t set = 1; set + 1 < std::size_t{1} << n; ++set)
      show([&](std::size_t k) { return (set >> k & 1) != 0 ? kept : dropped; }, false);
  } else {
    for (std::size_t one = 0; one < n; ++one) {
      show([&](std::size_t k) { return k < one ? kept : dropped; }, false);
      show([&](std::size_t k) { return k >= one ? kept : dropped; }, false);
      show([&](std::size_t k) { return k == one ? kept : dropped; }, false);
      show([&](std::size_t k) { return k != one ? kept : dropped; }, false);
    }
    std::mt19937 random(static_cast<unsigned>(count));
    for (int round = 0; round < 200; ++round) {
      const auto salt = random();
      show([&](std::size_t k) { return std::hash<std::size_t>{}((k + 1) * salt >> 7) % 2 == 0 ? kept : dropped; }, false);
    }
  }
  for (std::size_t one = 0; one < n; ++one) {
    const auto size = operations_[loose[one]].bytes.size();
    for (std::size_t cut = 0; cut < size; cut += cut < 160 ? 1 : 13) {
      show([&](std::size_t k) { return k == one ? cut : kept; }, false);
      show([&](std::size_t k) { return k == one ? cut : k < one ? kept : dropped; }, false);
    }
  }
  return seen.size();
}

}  // namespace logrelay::support
