#include <logrelay/core/level.hpp>
#include <logrelay/format/facility.hpp>
#include <logrelay/format/format.hpp>
#include <logrelay/format/record_values.hpp>
#include <logrelay/format/template.hpp>
#include <logrelay/format/time_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

namespace logrelay {
namespace {

// In the order of the alternatives below.
constexpr std::array<std::string_view, 16> field_names = {"line", "message",  "time",  "stamp", "tai64n", "input", "stream", "peer",
                                                          "uid",  "facility", "level", "host",  "app",    "pid",   "msgid",  "sd"};
enum class field { line, message, time, stamp, tai64n, input, stream, peer, uid, facility, level, host, app, pid, msgid, sd };

/// A time by strftime: when the line was read, or the one that it carries.
struct time_pattern {
  field which;
  strftime_text text;
};

using piece = std::variant<std::string, field, time_pattern>;  // as it is, by name, `{time:...}`

/// Reads a template from its front, and goes on behind each mistake to find them all.
class template_parser {
 public:
  template_parser(std::string_view text, std::string_view whose, mistakes& wrong)
      : rest_(text), text_(text), whose_(whose), wrong_(wrong) {}

  std::vector<piece> parse() {
    while (!rest_.empty()) {
      if (rest_.starts_with("{{") || rest_.starts_with("}}")) {
        literal_ += rest_.front();
        rest_.remove_prefix(2);
      } else if (rest_.front() == '{') {
        parse_braces();
      } else if (rest_.front() == '}') {
        complain("'}' without its '{' (a brace is written '}}')");
        rest_.remove_prefix(1);
      } else {
        const std::size_t end = std::min(rest_.find_first_of("{}"), rest_.size());
        literal_ += unescaped(rest_.substr(0, end));
        rest_.remove_prefix(end);
      }
    }
    end_literal();
    return std::move(pieces_);
  }

 private:
  void parse_braces() {
    const std::size_t close = rest_.find('}');
    if (close == std::string_view::npos) {
      complain("'{' without its '}' (a brace is written '{{')");
      rest_ = {};
      return;
    }
    const std::string_view inside = rest_.substr(1, close - 1);
    rest_.remove_prefix(close + 1);

    const std::size_t colon = inside.find(':');
    const std::string_view name = inside.substr(0, colon);
    const auto found = std::find(field_names.begin(), field_names.end(), name);
    if (found == field_names.end()) return complain_of_name(name);
    const auto known = static_cast<field>(found - field_names.begin());
    if (colon == std::string_view::npos) return add(known);
    if (known != field::time && known != field::stamp)
      return complain(fmt::format("'{{{}}}': only 'time' and 'stamp' take a format", inside));
    const std::string pattern = unescaped(inside.substr(colon + 1));
    if (is_useless_strftime(pattern))
      return complain(fmt::format("'{{{}}}': strftime gives nothing, or more than {} bytes", inside,
                                  strftime_text::longest));
    if (const auto unknown = unknown_conversion(pattern); !unknown.empty())
      return complain(fmt::format("'{{{}}}': strftime knows no '{}': write a percent sign as %%", inside, unknown));
    add(time_pattern{known, strftime_text(pattern)});
  }

  std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '\\') {
        plain += text[at];
        continue;
      }
      const char escaped = ++at < text.size() ? text[at] : '\0';
      if (escaped == 'n')
        plain += '\n';
      else if (escaped == 't')
        plain += '\t';
      else if (escaped == '\\')
        plain += '\\';
      else
        complain(fmt::format("unknown escape '{}' (there are \\n, \\t and \\\\)", text.substr(at - 1, 2)));
    }
    return plain;
  }

  void complain_of_name(std::string_view name) {
    std::string ways_out = did_you_mean(name, field_names);
    if (ways_out.empty()) ways_out = fmt::format(" (there are {})", fmt::join(field_names, ", "));
    complain(fmt::format("unknown name '{}'{}", name, ways_out));
  }

  void complain(std::string_view what) {
    wrong_.add(fmt::format("{}: format '{}': {}", whose_, text_, what));
  }

  void add(piece next) {
    end_literal();
    pieces_.push_back(std::move(next));
  }

  void end_literal() {
    if (!literal_.empty()) pieces_.emplace_back(std::exchange(literal_, {}));
  }

  std::string_view rest_;
  std::string literal_;  // read, but not yet a piece
  std::vector<piece> pieces_;
  const std::string_view text_;
  const std::string_view whose_;
  mistakes& wrong_;
};

void append_known(std::string_view text, std::string& to) {
  if (text.empty())
    to += '-';
  else
    to += text;
}

void append_known(std::int64_t number, std::string& to) {
  if (number < 0)
    to += '-';
  else
    fmt::format_to(std::back_inserter(to), "{}", number);
}

class template_text final : public format {
 public:
  explicit template_text(std::vector<piece> pieces) : pieces_(std::move(pieces)) {}

  void append(const line_view& line, std::string& to) override {
    for (piece& next : pieces_) {
      if (const auto* literal = std::get_if<std::string>(&next))
        to += *literal;
      else if (const auto* name = std::get_if<field>(&next))
        append_field(*name, line, to);
      else if (auto& pattern = std::get<time_pattern>(next); true)
        pattern.text.append(pattern.which == field::time ? line.time() : line.stamp(), to);
    }
  }

 private:
  void append_field(field name, const line_view& line, std::string& to) {
    switch (name) {
      case field::line: to += line.line(); return;
      case field::message: to += line.message(); return;
      case field::time: return time_.append(line.time(), to);
      case field::tai64n: return append_tai64n(line.time(), to);
      case field::input: return append_known(line.from().input_name, to);
      case field::stream: return append_known(line.from().stream, to);
      case field::peer: return append_known(line.from().peer, to);
      case field::facility: return append_known(facility_name(line.facility()), to);
      case field::level: to += level_name(line.severity()); return;
      case field::stamp: return stamp_.append(line.stamp(), to);
      case field::uid: return append_known(line.from().uid, to);
      case field::host: return append_known(values_.host(line), to);
      case field::app: return append_known(line.app(), to);
      case field::pid: return append_known(values_.pid(line), to);
      case field::msgid: return append_known(line.fields().msgid, to);
      case field::sd: return append_known(line.fields().sd, to);
    }
  }

  std::vector<piece> pieces_;
  rfc3339_text time_, stamp_;
  record_values values_;
};

void check(std::string_view text, std::string_view whose, mistakes& wrong) {
  template_parser(text, whose, wrong).parse();
}

std::unique_ptr<format> make(std::string_view text, const option_values&) {
  mistakes known;  // to whoever checked
  return std::make_unique<template_text>(template_parser(text, {}, known).parse());
}

}  // namespace

format_kind template_format() {
  return {
      .name = "TEMPLATE",
      .summary = "text with names in braces: '{time} {input} {message}'",
      .matches = [](std::string_view text) { return text.find('{') != std::string_view::npos; },
      .check = check,
      .make = make,
  };
}

}  // namespace logrelay
