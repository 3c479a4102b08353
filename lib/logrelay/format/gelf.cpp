#include <logrelay/core/level.hpp>
#include <logrelay/decode/structured_data.hpp>
#include <logrelay/format/facility.hpp>
#include <logrelay/format/gelf.hpp>
#include <logrelay/format/record_values.hpp>
#include <logrelay/util/json.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>

namespace logrelay {
namespace {

class gelf_text final : public format {
 public:
  explicit gelf_text(const option_values& options) : values_(options) {
    for (const auto& [name, value] : values_.fields()) {
      fields_ += fmt::format(",\"_{}\":", name);
      append_json_string(value, fields_);
    }
  }

  void append(const line_view& line, std::string& to) override {
    to += R"({"version":"1.1","host":)";
    const auto host = values_.host(line);
    append_json_string(host.empty() ? "-" : host, to);
    const auto message = line.message();
    const auto first = message.substr(0, message.find('\n'));
    to += R"(,"short_message":)";
    append_json_string(first.empty() ? "-" : first, to);  // it must not be empty
    if (first.size() < message.size()) add(R"(,"full_message":)", message, to);
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(line.stamp().time_since_epoch()).count();
    fmt::format_to(std::back_inserter(to), R"(,"timestamp":{}{}.{:06},"level":{})", since < 0 ? "-" : "", std::abs(since / 1'000'000),
                   std::abs(since % 1'000'000), static_cast<int>(values_.severity(line)));
    add(R"(,"_facility":)", facility_name(values_.facility(line)), to);
    add(R"(,"_app":)", values_.app(line), to);
    add(R"(,"_pid":)", values_.pid(line), to);
    add(R"(,"_msgid":)", values_.msgid(line), to);
    append_sd(values_.sd(line), to);
    const auto& from = line.from();
    add(R"(,"_input":)", from.input_name, to);
    add(R"(,"_stream":)", from.stream, to);
    add(R"(,"_peer":)", from.peer, to);
    if (from.uid >= 0) fmt::format_to(std::back_inserter(to), R"(,"_uid":"{}")", from.uid);
    to += fields_;
    to += '}';
  }

 private:
  static void add(std::string_view key, std::string_view value, std::string& to) {
    if (value.empty()) return;
    to += key;
    append_json_string(value, to);
  }

  static void append_name(std::string_view text, std::string& to) {
    for (const char c : text) {
      const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
      to += fits ? c : '_';
    }
  }

  void append_sd(std::string_view sd, std::string& to) {
    sd_cursor cursor(sd);
    for (sd_cursor::parameter each; cursor.next(each);) {
      if (each.name.empty()) continue;
      to += ",\"_";
      append_name(each.id, to);
      to += '_';
      append_name(each.name, to);
      to += "\":";
      value_.clear();
      append_sd_plain(each.value, value_);
      append_json_string(value_, to);
    }
  }

  record_values values_;
  std::string fields_;
  std::string value_;
};

}  // namespace

format_kind gelf_format() {
  return {
      .name = "gelf",
      .summary = "a JSON object as Graylog takes it",
      .matches = [](std::string_view text) { return text == "gelf"; },
      .check = [](std::string_view, std::string_view, mistakes&) {},
      .make = [](std::string_view, const option_values& options) -> std::unique_ptr<format> { return std::make_unique<gelf_text>(options); },
      .options = record_rows(),
      .check_options = check_record_options,
      .network_framing = framing::nul,
      .has_header = true,
  };
}

}  // namespace logrelay
