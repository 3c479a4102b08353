#include <logrelay/decode/syslog.hpp>

#include <logrelay/decode/priority.hpp>
#include <logrelay/decode/structured_data.hpp>
#include <logrelay/decode/timestamp.hpp>

#include <algorithm>
#include <cstddef>

namespace logrelay {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t longest_tag = 128;  // as far as anybody looks for the end of one

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
    const auto read = read_rfc3339(time, false);
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
  const auto iso = !text.empty() && text.front() >= '0' && text.front() <= '9' ? read_rfc3339(text, true) : timestamp{};
  const auto read = iso.size > 0 ? iso : read_rfc3164_time(text, received);
  return read.size == text.size() || text[read.size] == ' ' || read.size == 0 || text[read.size - 1] == ':' ? read : timestamp{};
}

/// "123: ", "123: router: ", ": ": off the front, if a time follows. Returns the name.
std::string_view take_sequence(std::string_view& rest, wall_time received) {
  std::string_view text = rest, name;
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
    if (read_time(text, received).size == 0) continue;
    rest = text;
    return name;
  }
  return {};
}

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
    if (found.size < text.size() && text[found.size] == ':') ++found.size;
    if (found.size < text.size() && text[found.size] != ' ') return {};
  } else {
    if (word.size() < 2 || !word.ends_with(':') || (end < text.size() && text[end] != ' ')) return {};
    found.app = word.substr(0, end - 1);
    found.size = end;
  }
  if (found.size < text.size()) ++found.size;  // the space
  return found;
}

bool may_be_host(std::string_view word) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._:/@[]%").find(c) != npos ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  return !word.empty() && word.size() <= 255 && word.front() != '%' && std::all_of(word.begin(), word.end(), fits);
}

/// Behind the priority.
void read_rfc3164(std::string_view rest, wall_time received, bool local, record& to) {
  if (!rest.empty() && (rest.front() == ':' || (rest.front() >= '0' && rest.front() <= '9'))) to.host = take_sequence(rest, received);
  const auto time = read_time(rest, received);
  if (time.size > 0) {
    to.time = time.time;
    const bool closed = rest[time.size - 1] == ':';
    rest.remove_prefix(std::min(time.size + 1, rest.size()));
    std::string_view behind = rest, word;
    if (!closed && to.host.empty() && read_tag(rest).size == 0 && take_word(behind, word) && may_be_host(word)) {
      if (behind.starts_with(": ")) behind.remove_prefix(2);  // Cisco's ASA
      if (!local || read_tag(behind).size > 0) {
        to.host = word;
        rest = behind;
      }
    }
  }
  const tag named = read_tag(rest);
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
