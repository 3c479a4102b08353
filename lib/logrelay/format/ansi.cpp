#include <logrelay/format/ansi.hpp>

#include <algorithm>

namespace logrelay {
namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\a';
constexpr std::size_t introducer = 2;       // ESC and the byte that says which kind
constexpr std::size_t longest_csi = 128;    // two 24-bit colours with every attribute are 60
constexpr std::size_t longest_cut_osc = 256;
constexpr std::size_t longest_other = 8;     // three are the most in use

bool within(char c, char first, char last) { return c >= first && c <= last; }

/// The first place from `at` on whose byte is not `first` to `last`.
std::size_t skip(std::string_view text, std::size_t at, char first, char last) {
  while (at < text.size() && within(text[at], first, last)) ++at;
  return at;
}

std::size_t csi_size(std::string_view text) {
  const std::string_view bounded = text.substr(0, longest_csi);
  std::size_t end = skip(bounded, introducer, '0', '?');
  end = skip(bounded, end, ' ', '/');
  if (end == longest_csi) return introducer;
  return end < text.size() && within(text[end], '@', '~') ? end + 1 : end;
}

bool begins_as_osc(std::string_view content) {
  const std::size_t digits = skip(content, 0, '0', '9');
  return digits != 0 && digits < content.size() && content[digits] == ';';
}

// Looks no further than the next ESC, which ends every string, well or badly: so many of them cost one pass, not one
// each.
std::size_t string_size(std::string_view text, bool is_osc) {
  const std::string_view content = text.substr(introducer, text.find(escape, introducer) - introducer);
  if (is_osc) {
    const std::size_t end = content.find(bell);
    if (end != std::string_view::npos) return introducer + end + 1;
  }
  const std::string_view behind = text.substr(introducer + content.size());
  if (behind.size() >= 2 && behind[1] == '\\') return text.size() - behind.size() + 2;
  const bool cut_off = behind.size() <= 1;  // by the line's end, or between ESC and its backslash
  if (is_osc && cut_off && text.size() <= longest_cut_osc && begins_as_osc(content)) return text.size();
  return introducer;
}

/// How many bytes of `text`, which begins with ESC, are no text.
std::size_t sequence_size(std::string_view text) {
  if (text.size() < introducer) return text.size();
  const char kind = text[1];
  if (kind == '[') return csi_size(text);
  if (kind == ']') return string_size(text, true);
  if (kind == 'P' || kind == 'X' || kind == '^' || kind == '_') return string_size(text, false);
  if (within(kind, ' ', '/')) {
    const std::size_t end = skip(text.substr(0, longest_other), introducer, ' ', '/');
    return end < text.size() && within(text[end], '0', '~') ? end + 1 : introducer;
  }
  return within(kind, '0', '~') ? introducer : 1;
}

}  // namespace

void append_without_ansi(std::string_view line, std::string& to) {
  for (;;) {
    const std::size_t found = line.find(escape);  // a memchr
    to += line.substr(0, found);
    if (found == std::string_view::npos) return;
    line.remove_prefix(found);
    line.remove_prefix(sequence_size(line));
  }
}

}  // namespace logrelay
