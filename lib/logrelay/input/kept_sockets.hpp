#pragma once
/// What an input listened on, once it is to end, for the one that a reload puts in its place: it stays open in between, so that
/// who connects or sends meanwhile waits in the kernel, and is not refused. Owned by the input that ends.
///
/// The main thread expects and takes, the reader's thread leaves.
#include <logrelay/net/listener_socket.hpp>
#include <logrelay/util/guarded.hpp>

#include <cstdint>
#include <vector>

namespace logrelay {

class kept_sockets {
 public:
  struct one {
    bound_socket socket;
    std::uint64_t drops = 0;  ///< datagrams that the kernel had dropped, which the one before has counted
  };
  void expect_successor();
  /// `path` goes with it. False: nobody is expected, or not any more, or descriptors have run out.
  [[nodiscard]] bool leave(int socket, const address& where, socket_path& path, std::uint64_t drops = 0);
  /// All that there are, once; nobody is expected then.
  [[nodiscard]] std::vector<one> take();

 private:
  struct state {
    bool expects = false;
    std::vector<one> all;
  };
  guarded<state> state_;
};

}  // namespace logrelay
