#include <logrelay/decode/syslog.hpp>

#include <logrelay/decode/priority.hpp>
#include <logrelay/decode/structured_data.hpp>
#include <logrelay/decode/timestamp.hpp>

#include <algorithm>
#include <cstddef>

namespace logrelay {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t longest_tag = 128;       // as far as anybody looks for the end of one
constexpr std::size_t longest_close_tag = 48;  // APP-NAME, RFC 5424, 6.2.5

// Up to the next space, which is taken too. False: there is none, or it comes at once.
bool take_word(std::string_view& rest, std::string_view& word) {
  const std::size_t end = rest.find(' ');
  if (end == npos || end == 0) return false;
  word = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

std::string_view known(std::string_view word) { return word == "-" ? std::string_view() : word; }

std::string_view without_mark(std::string_view message) {
  if (message.starts_with("\xEF\xBB\xBF")) message.remove_prefix(3);
  return message;
}

/// Behind the priority. False, and nothing is changed: it is none.
bool read_rfc5424(std::string_view rest, record& to) {
  if (!rest.starts_with("1 ")) return false;
  rest.remove_prefix(2);
  record found = to;
  std::string_view time;
  if (!take_word(rest, time)) return false;
  if (time != "-") {
    const auto read = read_rfc3339(time);
    if (read.size == 0 || read.size != time.size()) return false;
    found.time = read.time;
  }
  if (!take_word(rest, found.host) || !take_word(rest, found.app) || !take_word(rest, found.pid) || !take_word(rest, found.msgid))
    return false;
  found.host = known(found.host);
  found.app = known(found.app);
  found.pid = known(found.pid);
  found.msgid = known(found.msgid);
  const std::size_t size = rest.starts_with('-') ? 1 : structured_data_size(rest);
  if (size > 0 && (size == rest.size() || rest[size] == ' ')) {
    if (rest.front() == '[') found.sd = rest.substr(0, size);
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  found.message = without_mark(rest);
  to = found;
  return true;
}

timestamp read_time(std::string_view text, wall_time received) {
  const auto iso = !text.empty() && text.front() >= '0' && text.front() <= '9' ? read_iso_time(text) : timestamp{};
  const auto read = iso.size > 0 ? iso : read_rfc3164_time(text, received);
  return read.size == text.size() || text[read.size] == ' ' || read.size == 0 || text[read.size - 1] == ':' ? read : timestamp{};
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Cisco's "%LINK-3-UPDOWN: ".
bool begins_with_mnemonic(std::string_view text) {
  if (!text.starts_with('%')) return false;
  const std::size_t end = text.substr(0, longest_tag).find(' ');
  if (end == npos || text[end - 1] != ':') return false;
  for (std::size_t at = 2; at + 2 < end; ++at)
    if (text[at] == '-' && is_digit(text[at + 1]) && text[at + 2] == '-') return true;
  return false;
}

/// "00:00:46: ", "1w2d: ": for how long Cisco's device has been up, which it says where it does not know the time.
std::size_t uptime_size(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return 0;
  const std::size_t end = text.substr(0, longest_tag).find_first_not_of("0123456789:.wdhys");
  if (end == npos || end < 3 || text[end] != ' ' || text[end - 1] != ':') return 0;
  return begins_with_mnemonic(text.substr(end + 1)) ? end + 1 : 0;
}

/// "RP/0/RSP0/CPU0:", "0/RP0/CPU0:": which part of Cisco's IOS-XR speaks, if a time follows.
std::size_t node_size(std::string_view text, wall_time received) {
  if (text.substr(0, 3).find('/') == npos) return 0;
  const std::size_t end = text.substr(0, longest_tag).find_first_of(": ");
  if (end == npos || text[end] != ':') return 0;
  return read_time(text.substr(end + 1), received).size > 0 ? end + 1 : 0;
}

/// "123: ", "123: router: ", ": ": off the front, if a time, an uptime or a mnemonic follows, and the uptime with it.
/// Returns the name.
std::string_view take_sequence(std::string_view& rest, wall_time received) {
  std::string_view text = rest, name;
  if (const std::size_t uptime = uptime_size(text); uptime > 0) return rest.remove_prefix(uptime), name;
  for (int words = 0; words < 3; ++words) {
    const std::size_t end = text.find(": ");
    if (end == npos || end > longest_tag) return {};
    const auto word = text.substr(0, end);
    const bool number = word.find_first_not_of("0123456789") == npos;
    if (words == 0 && !number) return {};
    if (!number) {
      if (!name.empty() || word.find(' ') != npos) return {};
      name = word;
    }
    text.remove_prefix(end + 2);
    std::size_t more = 0;
    if (read_time(text, received).size == 0 && !begins_with_mnemonic(text)) {
      more = uptime_size(text);
      if (more == 0) more = node_size(text, received);
      if (more == 0) continue;
    }
    rest = text.substr(more);
    return name;
  }
  return {};
}

constexpr std::string_view forwarded_from = "forwarded from ";  // AIX

struct tag {
  std::size_t size = 0;  ///< bytes up to the message; 0: there is none
  std::string_view app, pid;
};

tag read_tag(std::string_view text) {
  const std::size_t end = std::min(text.substr(0, longest_tag).find_first_of(" ["), std::min(text.size(), longest_tag));
  auto word = text.substr(0, end);
  tag found;
  if (end < text.size() && text[end] == '[' && end > 0) {
    const std::size_t close = text.substr(end, longest_tag).find(']');
    if (close == npos) return {};
    found.app = word;
    found.pid = text.substr(end + 1, close - 1);
    if (found.pid.find(' ') != npos) return {};
    found.size = end + close + 1;
    if (found.size < text.size() && text[found.size] == ':')
      ++found.size;
    else if (found.size < text.size() && text[found.size] != ' ')
      return {};
  } else {
    if (word.size() < 2 || !word.ends_with(':') || (end < text.size() && text[end] != ' ')) return {};
    found.app = word.substr(0, end - 1);
    if (is_digit(word.front()) && found.app.find_first_not_of("0123456789") == npos) return {};
    found.size = end;
  }
  if (found.size < text.size() && text[found.size] == ' ') ++found.size;
  return found;
}

/// "app:message", without a space; but no "http://", "std::string" or "c:\file".
tag read_close_tag(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return {};
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == '/'; };
  std::size_t end = 1;
  while (end < text.size() && end <= longest_close_tag && fits(text[end])) ++end;
  if (end < 2 || end > longest_close_tag || end + 1 >= text.size() || text[end] != ':') return {};
  if (text[end + 1] == '/' || text[end + 1] == ':' || text[end + 1] == '\\') return {};
  return {end + 1, text.substr(0, end), {}};
}

/// "fe80::1%eth0", "[2001:db8::1]:514", "web1:514": words with a colon that are no tags.
bool is_address(std::string_view word) {
  const auto port = word.substr(word.rfind(':') + 1);
  if (!port.empty() && port.find_first_not_of("0123456789") == npos) return true;
  const auto digits = word.substr(0, word.find('%'));
  return std::count(digits.begin(), digits.end(), ':') >= 2 && digits.find_first_not_of("0123456789abcdefABCDEF:.[]") == npos;
}

bool may_be_host(std::string_view word) {
  bool colons = false;
  const auto fits = [&](char c) {
    if (is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80) return true;
    colons |= c == ':';
    return std::string_view("-._:/@[]%").find(c) != npos;
  };
  return !word.empty() && word.size() <= 255 && word.front() != '%' && std::all_of(word.begin(), word.end(), fits) &&
         (!colons || is_address(word));
}

/// The host behind a time, off the front; empty: there is none. Where a tag tells, it is one only where a tag follows.
std::string_view take_host(std::string_view& rest, bool tag_tells) {
  if (read_tag(rest).size > 0) return {};
  std::string_view behind = rest, word;
  if (!take_word(behind, word) || !may_be_host(word)) return {};
  if (word == "last" && behind.starts_with("message repeated ")) return {};
  if (word == "Message" && behind.starts_with(forwarded_from)) {
    behind.remove_prefix(forwarded_from.size());
    const std::size_t end = behind.find(": ");
    if (end == npos || !may_be_host(behind.substr(0, end))) return {};
    rest = behind.substr(end + 2);
    return behind.substr(0, end);
  }
  if (behind.starts_with(": ")) behind.remove_prefix(2);  // Cisco's ASA
  if (tag_tells && read_tag(behind).size == 0) return {};
  rest = behind;
  return word;
}

/// Behind the priority.
void read_rfc3164(std::string_view rest, wall_time received, bool local, record& to) {
  if (rest.starts_with(' ') && read_time(rest.substr(1), received).size > 0) rest.remove_prefix(1);
  const bool is_dated = rest.size() > 4 && rest[4] == '-';  // by RFC 3339
  if (!is_dated && !rest.empty() && (rest.front() == ':' || is_digit(rest.front()))) to.host = take_sequence(rest, received);
  const auto time = read_time(rest, received);
  if (time.size > 0) {
    to.time = time.time;
    bool closed = rest[time.size - 1] == ':';
    const bool is_spaced = is_dated && time.size > 10 && rest[10] == ' ';
    rest.remove_prefix(std::min(time.size + 1, rest.size()));
    if (!closed && rest.starts_with(": ")) {  // Cisco's IOS-XR
      rest.remove_prefix(2);
      closed = true;
    }
    if (!closed && to.host.empty()) to.host = take_host(rest, local || is_spaced);
  }
  tag named = read_tag(rest);
  if (named.size == 0 && (to.time || to.facility >= 0)) named = read_close_tag(rest);
  to.app = named.app;
  to.pid = named.pid;
  to.message = rest.substr(named.size);
}

}  // namespace

void decode_syslog(std::string_view line, wall_time received, bool local, record& to) {
  if (line.ends_with('\0')) line.remove_suffix(1);
  if (line.ends_with('\n')) line.remove_suffix(1);
  const priority found = leading_priority(line);
  if (found.value >= 0) {
    to.severity = found.value & 7;
    to.facility = found.value >> 3;
  }
  const auto rest = line.substr(found.width);
  if (found.value < 0 || !read_rfc5424(rest, to)) read_rfc3164(rest, received, local, to);
}

}  // namespace logrelay
