#pragma once
/// A protocol in which a stream's peer is answered: between what was read and the framer, and back to the peer. Belongs to
/// one stream; reader's thread only. Never waits: the stream does, and asks it for what.
#include <logrelay/core/line_framer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace logrelay {

class input;
class reader;

class dialogue {
 public:
  virtual ~dialogue() = default;

  /// Where its lines go, on their way to the queues.
  [[nodiscard]] virtual batch_sink& sink() = 0;
  /// `bytes` were read. Leaves those that are for the framer at their front and returns how many; nothing: the peer is to
  /// be let go, and why was said.
  [[nodiscard]] virtual std::optional<std::size_t> hear(std::span<char> bytes) = 0;
  /// The framer has published the lines that are whole.
  virtual void published() = 0;

  /// Whether the peer may be read: not with answers that it does not take, nor when too much is owed to it.
  [[nodiscard]] virtual bool listens() const = 0;
  /// Answers that wait until the peer takes them.
  [[nodiscard]] virtual bool has_unsent() const = 0;
  /// Sends what goes. False: the peer has gone.
  [[nodiscard]] virtual bool send() = 0;
  /// Whether it will have something to say that it cannot say yet.
  [[nodiscard]] virtual bool owes() const = 0;
  /// We are the ones who end it.
  virtual void say_goodbye() = 0;
};

struct dialogue_parts {
  reader& at;
  input& of;
  std::string peer;
  std::function<ssize_t(std::string_view)> send;  ///< as send(2) on a socket that does not block
  std::function<void()> go_on;  ///< the stream is to ask again; reader's thread, not after the dialogue has gone
};
using dialogue_maker = std::function<std::unique_ptr<dialogue>(dialogue_parts)>;

}  // namespace logrelay
