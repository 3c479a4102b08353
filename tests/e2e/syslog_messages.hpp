#pragma once
/// Numbered messages of syslog for a peer to send or to take, all different, and what every field of each of them is: in
/// the order in which all sides of these tests write them, one field behind the other.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <ctime>

#include "peer_programs.hpp"

namespace logrelay::support {

inline constexpr std::size_t message_count = 50'000;
inline const std::string field_names = "{facility}|{level}|{stamp}|{host}|{app}|{pid}|{msgid}|{sd}|{message}";
inline const std::string our_fields = "format=" + field_names;
inline const std::string fields_of_inputs = "format={input}|" + field_names;

inline constexpr std::array<std::string_view, 24> facilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
    "ntp",    "audit",  "alert",    "clock",  "local0", "local1", "local2", "local3", "local4", "local5", "local6",   "local7"};
inline constexpr std::array<std::string_view, 8> levels = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

struct messages {
  std::string text, fields;  ///< a message a line, and what is in it
};

/// Facilities from 16: what the others are called, peers disagree about.
inline std::size_t facility_of(std::size_t n) { return 16 + n % 8; }
inline std::size_t level_of(std::size_t n) { return n / 8 % 8; }

/// Real lines in RFC 5424.
inline messages made_up(std::size_t count = message_count) {
  messages made;
  std::size_t n = 0;
  for (const auto& text : split_lines(syslog_lines(count))) {
    const auto time = fmt::format("2026-11-{:02}T{:02}:{:02}:{:02}.{:06}Z", 1 + n % 28, n % 24, n % 60, n / 60 % 60, n * 7 % 1'000'000);
    const auto sd = n % 3 == 0 ? std::string("-") : fmt::format(R"([id@{0} number="{0}" quote="\"\\\]"])", n);
    const auto header = fmt::format("host{}.example.com|app-{}|{}|ID{}|{}", n % 100, n % 10, n, n % 7, sd);
    auto spaced = header;
    std::replace(spaced.begin(), spaced.begin() + static_cast<std::ptrdiff_t>(header.size() - sd.size()), '|', ' ');
    made.text += fmt::format("<{}>1 {} {} {}\n", facility_of(n) * 8 + level_of(n), time, spaced, text);
    made.fields += fmt::format("{}|{}|{}|{}|{}\n", facilities[facility_of(n)], levels[level_of(n)], time, header, text);
    ++n;
  }
  return made;
}

/// How a time of RFC 3164 is written among the fields.
enum class stamps { ours, as_sent };

/// Real lines in RFC 3164, in UTC. It has no years, so that their times are of the last two months.
inline messages made_up_rfc3164(std::size_t count = message_count, stamps wanted = stamps::ours) {
  using namespace std::chrono;
  const auto first = floor<days>(system_clock::now()) - days(60);
  messages made;
  std::size_t n = 0;
  for (const auto& text : split_lines(syslog_lines(count))) {
    const auto time = fmt::gmtime(system_clock::to_time_t(first + seconds(n * 43)));
    const auto sent = fmt::format("{:%b %e %H:%M:%S}", time);
    const auto host = fmt::format("host{}.example.com", n % 100), app = fmt::format("app-{}", n % 10);
    made.text += fmt::format("<{}>{} {} {}[{}]: {}\n", facility_of(n) * 8 + level_of(n), sent, host, app, n, text);
    made.fields += fmt::format("{}|{}|{}|{}|{}|{}|-|-|{}\n", facilities[facility_of(n)], levels[level_of(n)],
                               wanted == stamps::as_sent ? sent : fmt::format("{:%Y-%m-%dT%H:%M:%S}.000000Z", time), host, app, n, text);
    ++n;
  }
  return made;
}

/// While it lives, programs that are started have UTC for their local time.
class utc_for_all {
 public:
  utc_for_all() {
    if (const char* zone = std::getenv("TZ")) before_ = zone;
    ::setenv("TZ", "UTC0", 1);
  }
  utc_for_all(const utc_for_all&) = delete;
  ~utc_for_all() {
    if (before_)
      ::setenv("TZ", before_->c_str(), 1);
    else
      ::unsetenv("TZ");
  }

 private:
  std::optional<std::string> before_;
};

/// Datagrams as they came, where the kernel had to drop some: the others are there, in order. Empty where it is so.
inline std::string difference_less(const std::string& came, const std::string& wanted, std::uint64_t dropped) {
  if (dropped == 0) return difference(came, wanted);
  WARN("the kernel had no room for " << dropped << " datagrams");
  const auto all = split_lines(wanted), some = split_lines(came);
  if (some.size() + dropped != all.size()) return fmt::format("{} came and {} were dropped, of {}", some.size(), dropped, all.size());
  auto next = all.begin();
  for (const auto& each : some) {
    next = std::find(next, all.end(), each);
    if (next == all.end()) return "not sent, or not in that order: " + each;
    ++next;
  }
  return "";
}

/// What a relay writes to a file from one look to the next, of several peers one behind the other.
class arrivals {
 public:
  /// `udp` names the input whose datagrams the kernel may drop.
  arrivals(const relay_under_test& relay, std::string path, std::string udp) : relay_(relay), path_(std::move(path)), udp_(std::move(udp)) {}

  /// The next `count` lines, less those that the kernel dropped.
  [[nodiscard]] std::string next(std::size_t count) {
    REQUIRE(eventually([&] {
      const auto now = relay_.now();
      const auto drops = now.input(udp_).count("kernel_drops");
      dropped_ = drops - drops_;
      return now.lines_read() + drops == lines_ + drops_ + count;
    }));
    drops_ += dropped_;
    lines_ += count - dropped_;
    std::string came;
    REQUIRE(eventually([&] {
      came = read_file(path_).substr(seen_);
      return count_newlines(came) == count - dropped_;
    }));
    seen_ += came.size();
    return came;
  }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  ///< of those

 private:
  const relay_under_test& relay_;
  const std::string path_, udp_;
  std::uint64_t lines_ = 0, drops_ = 0, dropped_ = 0;
  std::size_t seen_ = 0;
};

/// syslog-ng adds an element of structured data of its own.
inline std::string without_sequence_ids(std::string_view fields) {
  std::string kept;
  for (auto line : split_lines(fields)) {
    if (const auto meta = line.find("[meta sequenceId=\""); meta != std::string::npos) {
      const auto end = line.find(']', meta) + 1;
      const bool alone = line[meta - 1] == '|' && line[end] == '|';
      line.replace(meta, end - meta, alone ? "-" : "");
    }
    kept += line + "\n";
  }
  return kept;
}

/// loggen's messages, which are numbered and say when they were made, with all of their fields. `sd` as it was told. Empty
/// where they are what they should be; else the first that is not.
inline std::string wrong_of_loggen(std::string_view fields, std::uint64_t count, const std::string& sd, std::uint64_t dropped = 0) {
  std::uint64_t next = 0, came = 0;
  for (const auto& line : split_lines(fields)) {
    const auto seq = line.find("seq: "), stamp = line.find(", stamp: ");
    if (seq == std::string::npos || stamp == std::string::npos) return "no message of loggen: " + line;
    const auto number = std::stoull(line.substr(seq + 5, 10));
    if (dropped == 0 ? number != next : number < next) return fmt::format("number {} in place of {}", number, next);
    next = number + 1;
    ++came;
    const auto time = line.substr(stamp + 9, 19);
    const auto header = fmt::format("auth|info|{}.000000Z|localhost|prg00000|1234|-|{}|", time, sd);
    if (line.substr(0, seq) != header) return line + "\nin place of\n" + header;
    if (line.substr(seq + 15, 16) != ", thread: 0000, " || line.find_first_not_of("PAD", stamp + 29) != std::string::npos) return line;
  }
  return came + dropped == count ? "" : fmt::format("{} of {}, and {} dropped", came, count, dropped);
}

}  // namespace logrelay::support
