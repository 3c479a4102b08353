#include <logrelay/net/networks.hpp>

#include <logrelay/util/quantity.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace logrelay {
namespace {

constexpr std::size_t mapped_bytes = 12;  // of "::ffff:0.0.0.0/96"

ip_bytes mapped(const void* v4) {
  ip_bytes all{};
  all[10] = all[11] = 0xff;
  std::memcpy(all.data() + mapped_bytes, v4, all.size() - mapped_bytes);
  return all;
}

bool has_bits_behind(const network& of) {
  for (int bit = of.bits; bit < 128; ++bit)
    if ((of.prefix[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) return true;
  return false;
}

// Whether or not there are bits behind the prefix.
std::optional<network> read_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string host(text.substr(0, slash));
  network read;
  in_addr v4{};
  const bool old = ::inet_pton(AF_INET, host.c_str(), &v4) == 1;
  if (old)
    read.prefix = mapped(&v4);
  else if (::inet_pton(AF_INET6, host.c_str(), read.prefix.data()) != 1)
    return {};
  if (slash != std::string_view::npos) {
    const auto bits = parse_count(text.substr(slash + 1));
    if (!bits || *bits > (old ? 32 : 128)) return {};
    read.bits = static_cast<int>(*bits) + (old ? 96 : 0);
  }
  return read;
}

bool in_any(const std::vector<network>& networks, const ip_bytes& ip) {
  return std::any_of(networks.begin(), networks.end(), [&](const network& each) { return each.contains(ip); });
}

}  // namespace

std::optional<ip_bytes> ip_of(const address& of) {
  if (of.family() == AF_INET) return mapped(&reinterpret_cast<const sockaddr_in*>(&of.bytes)->sin_addr);
  if (of.family() != AF_INET6) return {};
  ip_bytes all;
  std::memcpy(all.data(), &reinterpret_cast<const sockaddr_in6*>(&of.bytes)->sin6_addr, all.size());
  return all;
}

bool network::contains(const ip_bytes& ip) const {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole), ip.begin())) return false;
  return bits % 8 == 0 || ((prefix[whole] ^ ip[whole]) >> (8 - bits % 8)) == 0;
}

std::optional<network> parse_network(std::string_view text) {
  const auto read = read_network(text);
  return read && has_bits_behind(*read) ? std::nullopt : read;
}

std::string network_around(std::string_view text) {
  auto read = read_network(text);
  if (!read || !has_bits_behind(*read)) return {};
  for (int bit = read->bits; bit < 128; ++bit)
    read->prefix[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80u >> (bit % 8)));
  const auto slash = text.find('/');
  const bool old = text.substr(0, slash).find(':') == std::string_view::npos;
  char plain[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(old ? AF_INET : AF_INET6, read->prefix.data() + (old ? mapped_bytes : 0), plain, sizeof plain);
  return plain + std::string(text.substr(slash));
}

bool access_rules::admits(const address& peer) const {
  const auto ip = ip_of(peer);
  if (!ip) return true;
  return !in_any(deny, *ip) && (allow.empty() || in_any(allow, *ip));
}

}  // namespace logrelay
