#include <logrelay/input/datagram_slots.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace logrelay {
namespace {

peer_credentials credentials_in(const msghdr& message) {
  for (const cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(const_cast<msghdr*>(&message), const_cast<cmsghdr*>(each))) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_CREDENTIALS) continue;
    ucred who{};
    std::memcpy(&who, CMSG_DATA(each), sizeof who);
    if (who.pid > 0) return {who.pid, who.uid};  // 0: of another namespace
  }
  return {};
}

}  // namespace

datagram_slots::datagram_slots(slot_sizes sizes)
    : sizes_(sizes), bytes_(new char[sizes.slots * sizes.bytes]), messages_(sizes.slots), pieces_(sizes.slots), peers_(sizes.slots),
      controls_(sizes.slots) {}

std::size_t datagram_slots::receive(int socket, std::size_t most) {
  const std::size_t slots = std::min(most, sizes_.slots);
  for (std::size_t i = 0; i < slots; ++i) {
    pieces_[i] = {bytes_.get() + i * sizes_.bytes, sizes_.bytes};
    auto& header = messages_[i].msg_hdr;
    header = {};
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_name = &peers_[i];
    header.msg_namelen = sizeof peers_[i];
    header.msg_control = controls_[i].bytes;
    header.msg_controllen = sizeof controls_[i].bytes;
  }
  const int n = ::recvmmsg(socket, messages_.data(), static_cast<unsigned>(slots), MSG_DONTWAIT, nullptr);
  return n <= 0 ? 0 : static_cast<std::size_t>(n);
}

datagram_slots::datagram datagram_slots::at(std::size_t slot) const {
  const auto& header = messages_[slot].msg_hdr;
  datagram found{{static_cast<const char*>(pieces_[slot].iov_base), messages_[slot].msg_len},
                 (header.msg_flags & MSG_TRUNC) != 0, {}, credentials_in(header)};
  found.from.size = header.msg_namelen;
  std::memcpy(&found.from.bytes, header.msg_name, std::min<std::size_t>(header.msg_namelen, sizeof found.from.bytes));
  return found;
}

}  // namespace logrelay
