#include <logrelay/output/sealed_message.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace logrelay {
namespace {

int fill(const fd& memory, std::string_view message) {
  while (!message.empty()) {
    const ssize_t n = ::write(memory.get(), message.data(), message.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    message.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0 ? 0 : errno;
}

int send_descriptor(const fd& socket, int descriptor) {
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr message{};
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

}  // namespace

int send_sealed(const fd& socket, std::string_view message) {
  const fd memory(::memfd_create("logrelay-message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return errno;
  const int error_number = fill(memory, message);
  return error_number != 0 ? error_number : send_descriptor(socket, memory.get());
}

}  // namespace logrelay
