#pragma once
/// The sources of the senders that were heard last, so that many who take turns cost no allocation a datagram. Reader's
/// thread only.
#include <logrelay/input/input.hpp>
#include <logrelay/net/address.hpp>

#include <array>
#include <cstring>
#include <memory>

namespace logrelay {

class source_cache {
 public:
  static constexpr std::size_t senders = 64;

  [[nodiscard]] const std::shared_ptr<const source>& source_of(const address& from, const peer_credentials& who, const input& of) {
    // Who talks once mostly talks again.
    for (std::size_t back = 0; back < senders; ++back) {
      auto& each = kept_[(last_ + senders - back) % senders];
      if (!each.what || each.who != who || each.from.size != from.size || std::memcmp(&each.from.bytes, &from.bytes, from.size) != 0) continue;
      last_ = (last_ + senders - back) % senders;
      return each.what;
    }
    next_ = (next_ + 1) % senders;
    last_ = next_;
    kept_[last_] = {from, who, of.source_for(to_text(from), who)};
    return kept_[last_].what;
  }

 private:
  struct sender {
    address from;
    peer_credentials who;
    std::shared_ptr<const source> what;
  };
  std::array<sender, senders> kept_;
  std::size_t last_ = 0;  // who was heard last
  std::size_t next_ = 0;  // who was put in last
};

}  // namespace logrelay
