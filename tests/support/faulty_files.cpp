#include <support/faulty_files.hpp>

#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace logrelay::support {

template <typename Call>
auto faulty_files::counted(const char* name, Call call) -> decltype(call()) {
  const auto now = calls_.size();
  calls_.emplace_back(name);
  const bool here = now == at_ || (for_ever_ && now > at_);
  if (what_ == fault::error && here) {
    errno = error_number_;
    return -1;
  }
  const auto result = call();
  if (now == at_ && (what_ == fault::kill || what_ == fault::half_kill)) ::raise(SIGKILL);
  return result;
}

ssize_t faulty_files::write(int file, const iovec* pieces, int n) {
  const bool half = calls_.size() == at_ && (what_ == fault::short_write || what_ == fault::half_kill);
  return counted("write", [&]() -> ssize_t {
    if (!half) return file_system::write(file, pieces, n);
    const iovec first{pieces->iov_base, (pieces->iov_len + 1) / 2};
    return file_system::write(file, &first, 1);
  });
}

int faulty_files::open(int folder, const char* name, int flags, unsigned mode) {
  return counted("open", [&] { return file_system::open(folder, name, flags, mode); });
}
ssize_t faulty_files::read(int file, void* to, std::size_t bytes) {
  return counted("read", [&] { return file_system::read(file, to, bytes); });
}
ssize_t faulty_files::read_at(int file, void* to, std::size_t bytes, off_t at) {
  return counted("read_at", [&] { return file_system::read_at(file, to, bytes, at); });
}
int faulty_files::truncate(int file, off_t size) {
  return counted("truncate", [&] { return file_system::truncate(file, size); });
}
int faulty_files::sync(int file) {
  return counted("sync", [&] { return file_system::sync(file); });
}
int faulty_files::sync_data(int file) {
  return counted("sync_data", [&] { return file_system::sync_data(file); });
}
int faulty_files::status(int file, struct stat& facts) {
  return counted("status", [&] { return file_system::status(file, facts); });
}
int faulty_files::status(int folder, const char* name, struct stat& facts, int flags) {
  return counted("status of a name", [&] { return file_system::status(folder, name, facts, flags); });
}
int faulty_files::mode(int file, unsigned mode) {
  return counted("mode", [&] { return file_system::mode(file, mode); });
}
int faulty_files::owner(int file, uid_t user, gid_t group) {
  return counted("owner", [&] { return file_system::owner(file, user, group); });
}
int faulty_files::times(int file, const timespec times[2]) {
  return counted("times", [&] { return file_system::times(file, times); });
}
int faulty_files::rename(int folder, const char* from, const char* to, unsigned flags) {
  return counted("rename", [&] { return file_system::rename(folder, from, to, flags); });
}
int faulty_files::remove(int folder, const char* name, int flags) {
  return counted("remove", [&] { return file_system::remove(folder, name, flags); });
}
int faulty_files::link_to(const char* target, int folder, const char* name) {
  return counted("link_to", [&] { return file_system::link_to(target, folder, name); });
}
ssize_t faulty_files::read_link(int folder, const char* name, char* to, std::size_t bytes) {
  return counted("read_link", [&] { return file_system::read_link(folder, name, to, bytes); });
}
int faulty_files::make_folder(const char* path, unsigned mode) {
  return counted("make_folder", [&] { return file_system::make_folder(path, mode); });
}
int faulty_files::lock(int file, int how) {
  return counted("lock", [&] { return file_system::lock(file, how); });
}
int faulty_files::turn(int file, short how) {
  return counted("turn", [&] { return file_system::turn(file, how); });
}
int faulty_files::free_bytes(int folder, std::uint64_t& bytes) {
  return counted("free_bytes", [&] {
    const int result = file_system::free_bytes(folder, bytes);
    if (free > 0) bytes = free;
    return result;
  });
}
int faulty_files::names(int folder, const std::function<void(const char*)>& each) {
  return counted("names", [&] { return file_system::names(folder, each); });
}

}  // namespace logrelay::support
