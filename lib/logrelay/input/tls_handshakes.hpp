#pragma once
/// Handshakes of TLS, on a thread of their own: one costs a millisecond of computing, in which the reader would serve
/// nobody. Any number go on at once, each until its deadline. The constructor, read_again(), submit() and the destructor are
/// for the reader's thread, or for the main thread before it runs.
#include <logrelay/input/guard.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/net/tls.hpp>
#include <logrelay/util/fd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace logrelay {

class tls_handshakes {
 public:
  struct outcome {
    fd connection;
    address peer;
    std::unique_ptr<tls_session> session;  ///< null: it failed
    std::string why;
    std::unique_ptr<guard::visit> visit;  ///< only kept here
  };
  /// `done` is called in the thread of the handshakes, once for each; `warn` when the context's files are wrong.
  tls_handshakes(tls_context& context, std::chrono::milliseconds limit, std::function<void(std::shared_ptr<outcome>)> done,
                 std::function<void(const std::string&)> warn);
  ~tls_handshakes();  ///< gives up those that go on, without a word

  /// The context's files, now; `warn` is called where something is wrong with them.
  void read_again();
  void submit(fd connection, const address& peer, std::unique_ptr<guard::visit> visit);
  /// They end at once: as well as they can with what has come.
  void hurry();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace logrelay
