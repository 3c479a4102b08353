#include <logrelay/decode/json.hpp>

#include <logrelay/core/level.hpp>
#include <logrelay/decode/timestamp.hpp>
#include <logrelay/format/facility.hpp>

// Compiled in here: Debian's library is shared, and would cost time at every start.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>

#include <cmath>
#include <utility>

namespace logrelay {
namespace {

namespace json = boost::json;
using boost::system::error_code;

enum class field { none, time, severity, facility, host, app, pid, msgid, message };

field field_called(std::string_view name) {
  using enum field;
  static constexpr std::pair<std::string_view, field> known[] = {
      {"time", time},         {"timestamp", time},    {"@timestamp", time}, {"ts", time},     {"level", severity},
      {"severity", severity}, {"lvl", severity},      {"log.level", severity}, {"facility", facility}, {"host", host},
      {"hostname", host},     {"app", app},           {"logger", app},      {"program", app}, {"service", app},
      {"pid", pid},           {"msgid", msgid},       {"message", message}, {"msg", message}, {"log", message},
      {"short_message", message}};
  for (const auto& [each, what] : known)
    if (each == name) return what;
  return none;
}

// RFC 5424's own numbers; above them those of pino and bunyan, 10 (trace) to 60 (fatal).
int severity_of(double number) {
  if (number >= 0 && number <= 7) return static_cast<int>(number);
  if (!(number >= 10 && number <= 69)) return -1;  // 0e99999 is read as no number at all
  constexpr level tens[] = {level::debug, level::debug, level::info, level::warning, level::err, level::crit};
  return static_cast<int>(tens[static_cast<int>(number) / 10 - 1]);
}

// Nothing before 1973 in a smaller unit than seconds is as small as seconds are in the year 5138; our own clock ends in 2262.
std::optional<wall_time> time_of(double number) {
  if (!(number >= 0 && number < 4e18)) return {};
  while (number >= 1e11) number /= 1000;
  if (number > 9.2e9) return {};
  return wall_time(std::chrono::microseconds(std::llround(number * 1e6)));
}

/// What the parser calls for each thing that it meets, in order. Returning true goes on.
class handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  handler(std::string_view line, record& found, std::string& unescaped) : line_(line), found_(found), unescaped_(unescaped) {}

  bool is_object = false;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    if (depth_++ == 0) is_object = true;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) { return --depth_, true; }
  bool on_array_begin(error_code&) { return ++depth_, true; }
  bool on_array_end(std::size_t, error_code&) { return --depth_, true; }
  bool on_key_part(json::string_view part, std::size_t, error_code&) { return add(part), true; }
  bool on_key(json::string_view rest, std::size_t, error_code&) {
    const auto begin = text_begin_;
    const auto name = whole(rest);
    at_ = depth_ == 1 ? field_called(name) : field::none;
    if (begin != none_begun) unescaped_.resize(begin);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) { return add(part), true; }
  bool on_string(json::string_view rest, std::size_t, error_code&) {
    take(whole(rest));
    return true;
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view text, error_code&) { return take(static_cast<double>(number), text); }
  bool on_uint64(std::uint64_t number, json::string_view text, error_code&) { return take(static_cast<double>(number), text); }
  bool on_double(double number, json::string_view text, error_code&) { return take(number, text); }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  static constexpr std::size_t none_begun = std::size_t(-1);

  [[nodiscard]] bool wanted() const { return depth_ == 1 && at_ != field::none; }

  // What has escapes comes in parts, through a buffer of the parser's. All of it fits into one allocation, so that views
  // into what was kept before stay good.
  void add(std::string_view part) {
    if (unescaped_.capacity() < line_.size()) unescaped_.reserve(line_.size());
    if (text_begin_ == none_begun) text_begin_ = unescaped_.size();
    unescaped_ += part;
  }

  std::string_view whole(std::string_view rest) {
    const bool in_line = rest.empty() || (rest.data() >= line_.data() && rest.data() + rest.size() <= line_.data() + line_.size());
    if (text_begin_ == none_begun && in_line) return rest;
    add(rest);
    const auto begin = std::exchange(text_begin_, none_begun);
    return std::string_view(unescaped_).substr(begin);
  }

  void take(std::string_view text) {
    if (!wanted()) return;
    const auto fill = [&](std::string_view& to) {
      if (to.empty()) to = text;
    };
    switch (at_) {
      case field::time:
        if (const auto read = read_iso_time(text); read.size == text.size() && read.size > 0 && !found_.time) found_.time = read.time;
        break;
      case field::severity:
        if (const auto read = parse_level(text); read && found_.severity < 0) found_.severity = static_cast<int>(*read);
        break;
      case field::facility:
        if (found_.facility < 0) found_.facility = facility_number(text);
        break;
      case field::host: fill(found_.host); break;
      case field::app: fill(found_.app); break;
      case field::pid: fill(found_.pid); break;
      case field::msgid: fill(found_.msgid); break;
      case field::message:
        if (!has_message_) found_.message = text;
        has_message_ = true;
        break;
      case field::none: break;
    }
  }

  bool take(double number, std::string_view text) {
    if (!wanted()) return true;
    switch (at_) {
      case field::time:
        if (!found_.time) found_.time = time_of(number);
        break;
      case field::severity:
        if (found_.severity < 0) found_.severity = severity_of(number);
        break;
      case field::facility:
        if (found_.facility < 0 && number >= 0 && number < 24) found_.facility = static_cast<int>(number);
        break;
      case field::pid:
        if (found_.pid.empty()) found_.pid = whole(text);
        break;
      default: break;
    }
    return true;
  }

  const std::string_view line_;
  record& found_;
  std::string& unescaped_;
  std::size_t depth_ = 0;
  field at_ = field::none;
  std::size_t text_begin_ = none_begun;
  bool has_message_ = false;
};

}  // namespace

void decode_json(std::string_view line, record& to, std::string& unescaped) {
  to = {};
  to.message = line;
  record found = to;
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  json::basic_parser<handler> parser(options, line, found, unescaped);
  error_code ec;
  const auto size = parser.write_some(false, line.data(), line.size(), ec);
  if (!ec && size == line.size() && parser.handler().is_object) to = found;
}

}  // namespace logrelay
