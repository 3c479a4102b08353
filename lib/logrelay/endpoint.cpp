#include <logrelay/endpoint.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

namespace logrelay {

namespace {

constexpr std::size_t npos = std::string_view::npos;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_name(char c) { return is_digit(c) || is_lower(c) || c == '-'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_scheme(char c) { return is_alphanumeric(c) || c == '+' || c == '-'; }

/// Reads an endpoint from left to right. Each function stands behind what it has read.
class endpoint_reader {
 public:
  endpoint_reader(std::string_view text, mistakes& wrong) : text_(text), wrong_(wrong) {}

  endpoint read() {
    endpoint read;
    read.text = text_;
    if (const auto length = scheme_length()) {
      read.scheme = text_.substr(0, *length);
      at_ = *length + 1;
      read.slashes = text_.substr(at_).starts_with("//");
      if (read.slashes) at_ += 2;
    }
    read.rest = read_plain();
    read.where = text_.substr(0, at_);
    if (read.scheme.empty()) read.scheme = "file";
    if (read.where == "-") {
      read.scheme = "-";
      read.rest.clear();
    }
    if (read.where.empty())
      wrong_.add(text_.empty() ? std::string("an endpoint is missing or empty: write a file, '-' or SCHEME:…")
                               : fmt::format("endpoint '{}' names nothing before its options", text_));
    while (at_ < text_.size()) read.options.push_back(read_option());
    return read;
  }

 private:
  [[nodiscard]] std::optional<std::size_t> scheme_length() const {
    const std::size_t length =
        static_cast<std::size_t>(std::find_if_not(text_.begin(), text_.end(), is_scheme) - text_.begin());
    const bool scheme = length > 0 && length < text_.size() && text_[length] == ':' && is_alphanumeric(text_.front());
    return scheme ? std::optional(length) : std::nullopt;
  }

  /// The length of the name, when `,name=` begins here.
  [[nodiscard]] std::optional<std::size_t> option_name_length() const {
    if (at_ >= text_.size() || text_[at_] != ',') return std::nullopt;
    const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(at_) + 1;
    const auto end = std::find_if_not(begin, text_.end(), is_name);
    return end != begin && end != text_.end() && *end == '=' ? std::optional(static_cast<std::size_t>(end - begin))
                                                             : std::nullopt;
  }

  /// Text up to the next option, ",," made a comma. A comma that begins neither is itself.
  std::string read_plain() {
    std::string plain;
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with(",,")) {
        plain += ',';
        at_ += 2;
      } else if (option_name_length()) {
        break;
      } else {
        plain += text_[at_++];
      }
    }
    return plain;
  }

  given_option read_option() {
    const std::size_t length = option_name_length().value_or(0);
    const std::string_view name = text_.substr(at_ + 1, length);
    at_ += length + 2;
    const bool quoted = at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"');
    return {std::string(name), quoted ? read_quoted(name) : read_plain()};
  }

  std::string read_quoted(std::string_view name) {
    const std::size_t begin = at_ + 1;
    const std::size_t end = text_.find(text_[at_], begin);
    if (end == npos) {
      wrong_.add(fmt::format("endpoint '{}': the quote of option '{}' is not closed", text_, name));
      at_ = text_.size();
      return std::string(text_.substr(begin));
    }
    at_ = end + 1;
    if (const std::string behind = read_plain(); !behind.empty())
      wrong_.add(fmt::format("endpoint '{}': '{}' stands behind the quoted value of option '{}': quote all of it",
                             text_, behind, name));
    return std::string(text_.substr(begin, end - begin));
  }

  std::string_view text_;
  mistakes& wrong_;
  std::size_t at_ = 0;
};

/// The name before a '=', blanks around it left out, in small letters; empty: the text does not begin so.
std::string name_before_equals(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  std::string name;
  while (!text.empty() && is_name(lower(text.front()))) {
    name += lower(text.front());
    text.remove_prefix(1);
  }
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.starts_with('=') ? name : std::string();
}

bool is_port(std::string_view text) {
  const auto port = parse_count(text);
  return port && *port <= 65535;
}

}  // namespace

endpoint parse_endpoint(std::string_view text, mistakes& wrong) { return endpoint_reader(text, wrong).read(); }

void check_slips(const endpoint& where, std::string_view whose, std::span<const option_rows> tables, mistakes& wrong) {
  if (where.scheme == "exec") return;  // a command has a language of its own
  const auto is_known = [&](std::string_view name) {
    return std::any_of(tables.begin(), tables.end(), [&](option_rows rows) {
      return std::any_of(rows.begin(), rows.end(), [&](const option_row& row) { return row.name == name; });
    });
  };
  const std::string_view text = where.where;
  if (is_known(name_before_equals(text)))
    wrong.add(fmt::format("{}: it looks like an option: write 'OUTPUT,{}', or './{}' for a file of that name", whose, where.text, where.text));
  for (auto at = text.find(','); at != npos; at = text.find(',', at + 1)) {
    if (text.substr(at).starts_with(",,")) {
      ++at;
      continue;
    }
    const auto name = name_before_equals(text.substr(at + 1));
    if (!is_known(name)) continue;
    const auto written = text.substr(at + 1, text.find('=', at) - at);
    wrong.add(fmt::format("{0}: '{1}' looks like an option: write ',{2}=', or ',,{1}' where it is part of the name", whose, written, name));
  }
}

std::string place_of(const endpoint& where, std::string_view option) {
  for (const given_option& each : where.options)
    if (each.name == option && !each.at.empty()) return each.at;
  return where.at;
}

std::optional<int> read_descriptor(const endpoint& where) {
  if (where.scheme == "-") return 0;
  if (where.scheme != "fd") return {};
  int number = -1;
  const char* const end = where.rest.data() + where.rest.size();
  const auto [stopped, ec] = std::from_chars(where.rest.data(), end, number);
  return ec == std::errc() && stopped == end && number >= 0 ? std::optional(number) : std::nullopt;
}

std::optional<int> written_descriptor(const endpoint& where) {
  if (where.scheme == "-") return 1;
  return where.scheme == "stderr" ? 2 : read_descriptor(where);
}

host_port parse_host_port(std::string_view text, std::string_view whose, mistakes& wrong) {
  const auto mistake = [&](std::string_view why) {
    wrong.add(fmt::format("{}: {}", whose, why));
    return host_port{};
  };
  if (const auto slashes = text.find("://"); slashes != npos)
    return mistake(fmt::format("'{}' has a scheme: leave '{}' out", text, text.substr(0, slashes + 3)));
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  // In "[::1]" the last colon is the address's own.
  if (colon == npos || (bracketed && text.find(']') != colon - 1))
    return mistake(fmt::format("'{}' is no HOST:PORT", text));
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (!is_port(port)) return mistake(fmt::format("'{}' is no port: write a number from 0 to 65535", port));
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == npos) return mistake(fmt::format("'[{}]' is no IPv6 address", host));
  } else if (host.find(':') != npos) {
    return mistake(fmt::format("'{}' has more than one ':': write an IPv6 address as [{}]:{}", text, host, port));
  }
  if (host.find_first_of("/[]@ \t\r\n") != npos) return mistake(fmt::format("'{}' is no host", host));
  return {std::string(host), std::string(port)};
}

std::string with_default_port(std::string_view text, std::string_view port) {
  const std::size_t bracket = text.rfind(']');
  const bool has_port = text.find(':', bracket == npos ? 0 : bracket) != npos;
  return has_port ? std::string(text) : fmt::format("{}:{}", text, port);
}

}  // namespace logrelay
