#pragma once
/// Networks as users write them, "192.0.2.0/24", "2001:db8::/32" or one address, and who is in them. An IPv4 address that
/// comes as IPv6's "::ffff:192.0.2.1" is the IPv4 address. No I/O; immutable once read.
#include <logrelay/net/address.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace logrelay {

/// An address without its port, IPv4 as IPv6 writes it ("::ffff:192.0.2.1").
using ip_bytes = std::array<std::uint8_t, 16>;
/// Nothing of a unix socket's.
[[nodiscard]] std::optional<ip_bytes> ip_of(const address& of);

struct network {
  ip_bytes prefix{};
  int bits = 128;

  [[nodiscard]] bool contains(const ip_bytes& ip) const;
};
/// Nothing where it is none, or has bits set behind its prefix, which is mostly a mistake: "192.0.2.1/24".
[[nodiscard]] std::optional<network> parse_network(std::string_view text);
/// What was probably meant where there are bits behind the prefix: "192.0.2.0/24" for "192.0.2.1/24". Else empty.
[[nodiscard]] std::string network_around(std::string_view text);

/// Who may come: nobody from a network of `deny`; where there is an `allow`, only those from one of its networks.
struct access_rules {
  std::vector<network> allow, deny;

  [[nodiscard]] bool empty() const { return allow.empty() && deny.empty(); }
  [[nodiscard]] bool admits(const address& peer) const;
};

}  // namespace logrelay
