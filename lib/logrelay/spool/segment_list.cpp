#include <logrelay/spool/segment_list.hpp>

#include <logrelay/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace logrelay {
namespace {

constexpr std::uint64_t header_bytes = 2 * segment_header::bytes;

void by_name(std::vector<disk::entry>& files) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
}

}  // namespace

void segment_list::find() {
  std::vector<disk::entry> files;
  if (const int error_number = folder_.list(files)) throw system_error("list the spool's folder", error_number);
  by_name(files);
  for (const auto& each : files) look_at(each);
  find_ends();
}

void segment_list::look_at(const disk::entry& file) {
  const auto number = segment_number(file.name);
  if (!number) return;  // somebody else's
  std::unique_ptr<disk_file> opened;
  segment_ends ends;
  int error_number = folder_.open(file.name, opened);
  if (error_number == 0) error_number = look_at_ends(*opened, file.size, ends);
  if (error_number == ENOENT && how_ == spool_access::look) return;  // its relay has just removed it
  if (error_number != 0) throw system_error("read the spool's " + file.name, error_number);
  if (ends.other_version != 0)
    throw error(fmt::format("unable to read the spool's {}: it is of version {}, and this logrelay reads version {}; drain it with the logrelay that wrote it",
                            file.name, ends.other_version, segment_header::version));
  if (ends.head && ends.head->begin.lines == *number) {
    parts_.push_back({*number, file.size, *ends.head, ends.sealed_at.value_or(ends.head->begin), ends.sealed_at.has_value(), false, false});
    bytes_ += file.size;
    return;
  }
  if (how_ == spool_access::look) return;
  // Less than its two headers is what a crash leaves.
  error_number = !ends.head && file.size < header_bytes ? folder_.remove(file.name) : set_aside(file.name);
  if (error_number != 0) throw system_error("set the spool's " + file.name + " aside", error_number);
}

// Only the last segment is read for its end, should it have no seal: any other ends where the next begins.
void segment_list::find_ends() {
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i) {
    auto& one = parts_[i];
    const auto& next = parts_[i + 1].head.begin;
    if (!one.sealed || one.end.lines > next.lines) one.end = next;
  }
  if (parts_.empty() || parts_.back().sealed) return;
  auto& last = parts_.back();
  const auto failed = [&](int error_number) { throw system_error("read the spool's " + segment_name(last.number), error_number); };
  std::unique_ptr<disk_file> file;
  if (const int error_number = folder_.open(segment_name(last.number), file)) failed(error_number);
  segment_reader reader(*file, last.head, pool_);
  for (spool_record record;;) {
    const auto got = reader.next(record, last.bytes);
    if (got == segment_reader::found::failed) failed(reader.error_number());
    if (got == segment_reader::found::end) break;
  }
  last.end = reader.end();
  last.damaged = reader.damaged();
}

segment_part* segment_list::from(std::uint64_t number) {
  const auto it = std::find_if(parts_.begin(), parts_.end(), [&](const auto& each) { return each.number >= number; });
  return it == parts_.end() ? nullptr : &*it;
}

void segment_list::add(const segment_header& head) { parts_.push_back({head.begin.lines, 0, head, head.begin, false, false, true}); }

void segment_list::add_before(const segment_part& one) {
  parts_.push_front(one);
  bytes_ += one.bytes;
}

void segment_list::grow(std::uint64_t bytes, const spool_place& end) {
  auto& last = parts_.back();
  bytes_ += bytes - std::exchange(last.bytes, bytes);
  last.end = end;
}

void segment_list::end_last(bool sealed) {
  parts_.back().sealed = sealed;
  parts_.back().active = false;
}

int segment_list::remove(std::size_t at) {
  const auto gone = parts_.begin() + static_cast<std::ptrdiff_t>(at);
  const auto name = segment_name(gone->number);
  const int error_number = gone->damaged ? set_aside(name) : folder_.remove(name);
  if (error_number != 0 && error_number != ENOENT) return error_number;
  bytes_ -= gone->bytes;
  parts_.erase(gone);
  return 0;
}

void segment_list::forget_last() {
  bytes_ -= parts_.back().bytes;
  folder_.remove(segment_name(parts_.back().number));
  parts_.pop_back();
}

// What is damaged is kept for a look, in a number that is bounded.
int segment_list::set_aside(const std::string& name) {
  const auto bad = name.substr(0, name.rfind('.')) + ".bad";
  if (const int error_number = folder_.rename(name, bad)) return error_number;
  on_damage_(fmt::format("its segment {} is damaged, and kept as {}", name, bad));
  std::vector<disk::entry> files;
  if (const int error_number = folder_.list(files)) return error_number;
  std::erase_if(files, [](const auto& each) { return !each.name.ends_with(".bad"); });
  by_name(files);
  for (std::size_t i = 0; i + most_bad < files.size(); ++i) folder_.remove(files[i].name);
  return 0;
}

}  // namespace logrelay
