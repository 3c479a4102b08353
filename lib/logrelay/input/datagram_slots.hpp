#pragma once
/// Where datagrams are received, many at a time, recvmmsg(2): a fixed number of slots, each large enough for any. Reader's
/// thread only.
#include <logrelay/input/input.hpp>
#include <logrelay/net/address.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace logrelay {

/// How many datagrams are read at once, and how large they can be.
struct slot_sizes {
  std::size_t slots, bytes;
};

class datagram_slots {
 public:
  explicit datagram_slots(slot_sizes sizes);
  /// What waits in the socket, at most `most` datagrams; 0 when there is nothing.
  [[nodiscard]] std::size_t receive(int socket, std::size_t most);

  struct datagram {
    std::string_view text;
    bool truncated;
    address from;
    peer_credentials who;  ///< where the socket has SO_PASSCRED
  };
  /// One that was received last. Its text is valid until the next receive().
  [[nodiscard]] datagram at(std::size_t slot) const;

 private:
  // Room for who sends and no more: a descriptor that somebody passes along as well does not fit, and the kernel closes it.
  struct alignas(cmsghdr) control {
    char bytes[CMSG_SPACE(sizeof(ucred))];
  };
  const slot_sizes sizes_;
  std::unique_ptr<char[]> bytes_;  // untouched pages cost nothing
  std::vector<mmsghdr> messages_;
  std::vector<iovec> pieces_;
  std::vector<sockaddr_storage> peers_;
  std::vector<control> controls_;
};

}  // namespace logrelay
