#include <logrelay/output/pipe_end.hpp>

#include <sys/ioctl.h>

#include <cerrno>

namespace logrelay {

write_result write_pipe(const fd& pipe, const outgoing& lines) {
  const auto pieces = lines.pieces();
  const ssize_t written = ::writev(pipe.get(), pieces.data(), static_cast<int>(pieces.size()));
  if (written >= 0) return {static_cast<std::size_t>(written)};
  if (errno == EAGAIN || errno == EINTR) return {};
  return {0, outcome::retry, errno == EPIPE ? std::string() : error_text(errno)};
}

std::uint64_t unread_bytes(const fd& pipe) {
  int unread = 0;
  return pipe && ::ioctl(pipe.get(), FIONREAD, &unread) == 0 ? static_cast<std::uint64_t>(unread) : 0;
}

}  // namespace logrelay
