#include <logrelay/input/guard.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/reader.hpp>
#include <logrelay/util/quantity.hpp>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace logrelay {
namespace {

// Peers that are not connected and whose rate is remembered: more than that, and those that owe nothing are forgotten.
constexpr std::size_t most_peers = 4096;
// What is read at one go where lines are counted: the shortest of them are short.
constexpr double shortest_line = 16;
constexpr std::size_t least_turn = 1024, longest_turn = 128 * 1024;

std::vector<network> networks_of(const option_values& options, std::string_view name) {
  std::vector<network> all;
  if (options.knows(name))
    for (const auto& each : options.all(name))
      if (const auto read = parse_network(each)) all.push_back(*read);
  return all;
}

rate rate_of(const option_values& options, std::string_view name) {
  return options.knows(name) ? parse_rate(options.text(name)).value_or(rate{}) : rate{};
}

std::size_t turn_of(const rate& most) {
  if (most.a_second == 0) return longest_turn;
  const double bytes = most.a_second * (most.bytes ? 1 : shortest_line) / 8;  // an eighth of a second's worth
  return static_cast<std::size_t>(std::clamp<double>(bytes, least_turn, longest_turn));
}

// A peer by its address; one of a unix socket has an address only where it has bound its own, and that may be anything.
std::string name_of(const address& from, const peer_credentials& who) {
  if (ip_of(from)) return to_text(from);
  return who.uid >= 0 ? fmt::format("user {} (process {})", who.uid, who.pid) : "a program";
}

}  // namespace

std::optional<rate> parse_rate(std::string_view text) {
  if (text.empty()) return {};
  if (const auto lines = parse_count(text)) return *lines == 0 ? std::nullopt : std::optional(rate{static_cast<double>(*lines), false});
  const auto bytes = parse_size(text);
  return !bytes || *bytes == 0 ? std::nullopt : std::optional(rate{static_cast<double>(*bytes), true});
}

void check_guard(const input_config& config, mistakes& wrong) {
  for (const std::string_view name : {"allow", "deny"}) {
    if (!config.options.knows(name)) continue;
    for (const auto& each : config.options.all(name))
      if (!parse_network(each)) {
        const auto meant = network_around(each);
        wrong.add(fmt::format("input '{}': '{}={}' is no network{}", config.name, name, each,
                              meant.empty() ? ": write it like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1" : fmt::format(" (did you mean '{}'?)", meant)));
      }
  }
  for (const std::string_view name : {"rate", "peer-rate"})
    if (config.options.given(name) && !parse_rate(config.options.text(name)))
      wrong.add(fmt::format("input '{}': '{}={}' is no rate: write lines a second like 1000, or bytes a second like 64K", config.name, name,
                            config.options.text(name)));
}

guard::guard(const input_config& config)
    : access_{networks_of(config.options, "allow"), networks_of(config.options, "deny")},
      most_of_one_(config.options.knows("max-connections-per-address") ? config.options.count("max-connections-per-address") : 0),
      whole_(rate_of(config.options, "rate")),
      each_(rate_of(config.options, "peer-rate")),
      whole_text_(whole_.a_second == 0 ? "" : "rate=" + config.options.text("rate")),
      each_text_(each_.a_second == 0 ? "" : "peer-rate=" + config.options.text("peer-rate")),
      whole_bucket_(whole_.a_second) {}

guard::visit::visit(peer& who) : peer_(who) { ++peer_.connections; }
guard::visit::~visit() { --peer_.connections; }

std::unique_ptr<guard::visit> guard::admit(reader& at, input& to, const address& from, const peer_credentials& who) {
  const auto now = at.clock().now();
  const auto refuse = [&](std::string_view why) {
    to.counters.refused.fetch_add(1, std::memory_order_relaxed);
    if (const auto more = refused_.happened(now))
      at.say().say(severity::warning, fmt::format("input '{}': refused {}: {}{}", to.name(), name_of(from, who), why, *more));
    return nullptr;
  };
  if (!access_.admits(from)) return refuse("its network is not allowed");
  auto& known = peer_of(key_of(from, who), now);
  if (most_of_one_ > 0 && known.connections >= most_of_one_) return refuse(fmt::format("{} connections of its address are open", known.connections));
  return std::make_unique<visit>(known);
}

steady_time::duration guard::pause(reader& at, input& of, visit& who, std::string_view name) {
  const auto now = at.clock().now();
  const auto for_all = whole_bucket_.wait(now), for_one = who.peer_.bucket.wait(now);
  const auto longest = std::max(for_all, for_one);
  if (longest <= steady_time::duration::zero()) return longest;
  if (const auto more = limited_.happened(now))
    at.say().say(severity::warning, fmt::format("input '{}': {} sends more than {}: it is slowed down{}", of.name(),
                                                name.empty() ? std::string_view("a peer") : name, for_one > for_all ? each_text_ : whole_text_, *more));
  return longest;
}

std::size_t guard::turn_bytes() const { return std::min(turn_of(whole_), turn_of(each_)); }

void guard::has_read(visit& who, const tally& what) {
  whole_bucket_.take(whole_.cost(what));
  who.peer_.bucket.take(each_.cost(what));
}

bool guard::takes(reader& at, input& of, const address& from, const peer_credentials& who, std::size_t bytes, steady_time now) {
  if (!access_.admits(from)) {
    of.counters.refused.fetch_add(1, std::memory_order_relaxed);
    if (const auto more = refused_.happened(now))
      at.say().say(severity::warning, fmt::format("input '{}': refused a datagram of {}: its network is not allowed{}", of.name(), to_text(from), *more));
    return false;
  }
  if (!paces()) return true;
  auto* const one = each_.a_second != 0 ? &peer_of(key_of(from, who), now).bucket : nullptr;
  const bool one_owes = one && one->wait(now) > steady_time::duration::zero();
  if (!one_owes && whole_bucket_.wait(now) <= steady_time::duration::zero()) {
    const tally what{1, bytes};
    whole_bucket_.take(whole_.cost(what));
    if (one) one->take(each_.cost(what));
    return true;
  }
  of.counters.limited.fetch_add(1, std::memory_order_relaxed);
  if (const auto more = limited_.happened(now))
    at.say().say(severity::warning, fmt::format("input '{}': {} sends more than {}: its datagrams over it are dropped{}", of.name(), name_of(from, who),
                                                one_owes ? each_text_ : whole_text_, *more));
  return false;
}

guard::key guard::key_of(const address& from, const peer_credentials& who) {
  key made{};
  if (const auto ip = ip_of(from)) {
    made[0] = 1;
    std::copy(ip->begin(), ip->end(), made.begin() + 1);
  } else {
    std::memcpy(made.data() + 1, &who.uid, sizeof who.uid);
  }
  return made;
}

guard::peer& guard::peer_of(const key& which, steady_time now) {
  if (const auto found = peers_.find(which); found != peers_.end()) return found->second;
  if (peers_.size() >= most_peers) {
    for (auto each = peers_.begin(); each != peers_.end();)
      each = each->second.connections == 0 && each->second.bucket.full(now) ? peers_.erase(each) : std::next(each);
    // Many at once that nobody knows, such as made-up senders of datagrams: the rate of all is what holds for them.
    if (peers_.size() >= 2 * most_peers) std::erase_if(peers_, [](const auto& each) { return each.second.connections == 0; });
  }
  return peers_.emplace(which, peer{token_bucket(each_.a_second)}).first->second;
}

}  // namespace logrelay
