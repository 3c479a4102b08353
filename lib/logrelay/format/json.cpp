#include <logrelay/core/level.hpp>
#include <logrelay/decode/structured_data.hpp>
#include <logrelay/format/facility.hpp>
#include <logrelay/format/json.hpp>
#include <logrelay/format/record_values.hpp>
#include <logrelay/format/time_text.hpp>
#include <logrelay/util/json.hpp>

#include <fmt/format.h>

#include <iterator>

namespace logrelay {
namespace {

class json_text final : public format {
 public:
  explicit json_text(const option_values& options) : values_(options) {
    for (const auto& [name, value] : values_.fields()) {
      fields_ += ',';
      append_json_string(name, fields_);
      fields_ += ':';
      append_json_string(value, fields_);
    }
  }

  void append(const line_view& line, std::string& to) override {
    to += R"({"time":")";
    time_.append(line.stamp(), to);
    to += R"(","level":")";
    to += level_name(values_.severity(line));
    to += '"';
    add(R"(,"facility":)", facility_name(values_.facility(line)), to);
    add(R"(,"host":)", values_.host(line), to);
    add(R"(,"app":)", values_.app(line), to);
    add(R"(,"pid":)", values_.pid(line), to);
    add(R"(,"msgid":)", values_.msgid(line), to);
    if (const auto sd = values_.sd(line); !sd.empty()) append_sd(sd, to);
    const auto& from = line.from();
    add(R"(,"input":)", from.input_name, to);
    add(R"(,"stream":)", from.stream, to);
    add(R"(,"peer":)", from.peer, to);
    if (from.uid >= 0) fmt::format_to(std::back_inserter(to), R"(,"uid":"{}")", from.uid);
    to += fields_;
    to += R"(,"message":)";
    append_json_string(line.message(), to);
    to += '}';
  }

 private:
  static void add(std::string_view key, std::string_view value, std::string& to) {
    if (value.empty()) return;
    to += key;
    append_json_string(value, to);
  }

  void append_sd(std::string_view sd, std::string& to) {
    to += R"(,"sd":)";
    char before = '{';
    const char* element = nullptr;  // where its id begins in the text
    sd_cursor cursor(sd);
    for (sd_cursor::parameter each; cursor.next(each);) {
      if (each.id.data() != element) {
        if (element) to += '}';
        to += before;
        append_json_string(each.id, to);
        to += ":{";
        before = ',';
        element = each.id.data();
      } else {
        to += ',';
      }
      if (each.name.empty()) continue;
      append_json_string(each.name, to);
      to += ':';
      append_json_string(plain(each.value), to);
    }
    to += "}}";
  }

  std::string_view plain(std::string_view sd_value) {
    if (sd_value.find('\\') == std::string_view::npos) return sd_value;
    value_.clear();
    append_sd_plain(sd_value, value_);
    return value_;
  }

  record_values values_;
  std::string fields_;  // as they stand in every object
  std::string value_;
  rfc3339_text time_;
};

}  // namespace

format_kind json_format() {
  return {
      .name = "json",
      .summary = "a JSON object with all that is known",
      .matches = [](std::string_view text) { return text == "json"; },
      .check = [](std::string_view, std::string_view, mistakes&) {},
      .make = [](std::string_view, const option_values& options) -> std::unique_ptr<format> { return std::make_unique<json_text>(options); },
      .options = record_rows(),
      .check_options = check_record_options,
      .has_header = true,
  };
}

}  // namespace logrelay
