#pragma once
/// Connects to whichever of a host's addresses answers first ("happy eyeballs", RFC 8305): IPv6 and IPv4 take turns, IPv6
/// goes first, and an address that has not answered within 250 ms no longer holds up the next one. Straight-line code on
/// sockets that do not block, for a thread of its own or a listener's.
#include <logrelay/net/address.hpp>
#include <logrelay/util/fd.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace logrelay {

inline constexpr std::chrono::milliseconds before_the_next_address{250};  // RFC 8305, 5

/// In the order in which they are tried, RFC 8305, 4.
[[nodiscard]] std::vector<address> by_turns(const std::vector<address>& found);

/// A stream socket that is connected to one of `to`, which had `tune` before. Those that were tried and are of no use any
/// more are taken out of `to`, the one that is returned too: a caller that does not like it may go on with the rest.
/// Nothing, with the reason of the last failure in `why`, when there is none by the deadline or `wait` is told to stop.
[[nodiscard]] fd dial(std::vector<address>& to, const std::function<void(int)>& tune, waiter& wait, steady_time deadline, std::string& why);

}  // namespace logrelay
