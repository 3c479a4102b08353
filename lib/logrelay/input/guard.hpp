#pragma once
/// Whom a listening input takes in, and how much it takes from each: networks, connections of one address, and rates, of
/// the input as a whole and of each peer. A peer is an address whatever its port, or, of a unix socket, a user. Owned by
/// its input; reader's thread only.
///
/// A stream over its rate is not read for as long as its peer owes: TCP holds the peer, and nothing is lost. A datagram
/// over it is dropped and counted. Either is said once a minute, with the name of a peer that it happened to.
#include <logrelay/input/input.hpp>
#include <logrelay/net/networks.hpp>
#include <logrelay/options.hpp>
#include <logrelay/util/rare_notice.hpp>
#include <logrelay/util/token_bucket.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace logrelay {

/// Of inputs that are reached over a network.
inline constexpr option_row access_rows[] = {
    {.name = "allow", .type = option_type::text, .fallback = "",
     .help = "Takes only peers from this network, like 192.0.2.0/24 or 2001:db8::/32; repeat it for several.", .repeatable = true,
     .value_name = "NETWORK"},
    {.name = "deny", .type = option_type::text, .fallback = "",
     .help = "Takes no peer from this network, whatever allow says; repeat it for several.", .repeatable = true, .value_name = "NETWORK"},
};
/// Of inputs that anyone can write to.
inline constexpr option_row rate_rows[] = {
    {.name = "rate", .type = option_type::text, .fallback = "",
     .help = "What all peers may send in a second, lines (1000) or bytes (512B, 64K, 1M): connections are slowed down to it, "
             "datagrams over it dropped.",
     .value_name = "RATE"},
    {.name = "peer-rate", .type = option_type::text, .fallback = "", .help = "The same for each address, or each user of a unix socket.",
     .value_name = "RATE"},
};
void check_guard(const input_config& config, mistakes& wrong);

/// Lines or bytes a second.
struct rate {
  double a_second = 0;  ///< 0: no limit
  bool bytes = false;

  [[nodiscard]] double cost(const tally& of) const { return static_cast<double>(bytes ? of.bytes : of.lines); }
};
[[nodiscard]] std::optional<rate> parse_rate(std::string_view text);

class guard {
  struct peer;

 public:
  explicit guard(const input_config& config);

  /// A connection, which counts as one of its peer's while this lives. Not after its guard.
  class visit {
   public:
    explicit visit(peer& who);
    visit(const visit&) = delete;
    ~visit();

   private:
    friend class guard;
    peer& peer_;
  };
  /// Null, counted and said where it may not come.
  [[nodiscard]] std::unique_ptr<visit> admit(reader& at, input& to, const address& from, const peer_credentials& who);

  /// Whether a connection has to ask before it reads.
  [[nodiscard]] bool paces() const { return whole_.a_second != 0 || each_.a_second != 0; }
  /// How long not to read; said once.
  [[nodiscard]] steady_time::duration pause(reader& at, input& of, visit& who, std::string_view name);
  /// How much to read at one go, so that little is owed.
  [[nodiscard]] std::size_t turn_bytes() const;
  void has_read(visit& who, const tally& what);

  /// Whether anything may come of a datagram's having been received: not of who is asked for nothing.
  [[nodiscard]] bool watches_datagrams() const { return paces() || !access_.empty(); }
  /// Whether to take a datagram; else it is counted and said.
  [[nodiscard]] bool takes(reader& at, input& of, const address& from, const peer_credentials& who, std::size_t bytes, steady_time now);

 private:
  using key = std::array<std::uint8_t, 17>;
  struct peer {
    token_bucket bucket;
    std::uint64_t connections = 0;
  };
  [[nodiscard]] static key key_of(const address& from, const peer_credentials& who);
  [[nodiscard]] peer& peer_of(const key& which, steady_time now);

  access_rules access_;
  std::uint64_t most_of_one_ = 0;  // connections; 0: any number
  rate whole_, each_;
  std::string whole_text_, each_text_;
  token_bucket whole_bucket_;
  std::map<key, peer> peers_;
  rare_notice refused_, limited_;
};

}  // namespace logrelay
