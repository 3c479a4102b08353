#include <logrelay/core/level.hpp>
#include <logrelay/decode/structured_data.hpp>
#include <logrelay/format/facility.hpp>
#include <logrelay/format/logfmt.hpp>
#include <logrelay/format/record_values.hpp>
#include <logrelay/format/time_text.hpp>
#include <logrelay/util/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace logrelay {
namespace {

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || byte == '"' || byte == '=' || byte == '\\' || byte >= 0x80;
  });
}

void append_value(std::string_view value, std::string& to) {
  if (needs_quotes(value))
    append_json_string(value, to);
  else
    to += value;
}

class logfmt_text final : public format {
 public:
  explicit logfmt_text(const option_values& options) : values_(options) {
    for (const auto& [name, value] : values_.fields()) {
      fields_.append(" ").append(name).append("=");
      append_value(value, fields_);
    }
  }

  void append(const line_view& line, std::string& to) override {
    to += "time=";
    time_.append(line.stamp(), to);
    to += " level=";
    to += level_name(values_.severity(line));
    add(" facility=", facility_name(values_.facility(line)), to);
    add(" host=", values_.host(line), to);
    add(" app=", values_.app(line), to);
    add(" pid=", values_.pid(line), to);
    add(" msgid=", values_.msgid(line), to);
    append_sd(values_.sd(line), to);
    const auto& from = line.from();
    add(" input=", from.input_name, to);
    add(" stream=", from.stream, to);
    add(" peer=", from.peer, to);
    if (from.uid >= 0) fmt::format_to(std::back_inserter(to), " uid={}", from.uid);
    to += fields_;
    to += " message=";
    append_value(line.message(), to);
  }

 private:
  static void add(std::string_view key, std::string_view value, std::string& to) {
    if (value.empty()) return;
    to += key;
    append_value(value, to);
  }

  void append_sd(std::string_view sd, std::string& to) {
    sd_cursor cursor(sd);
    for (sd_cursor::parameter each; cursor.next(each);) {
      if (each.name.empty()) continue;
      to.append(" ").append(each.id).append(".").append(each.name).append("=");
      value_.clear();
      append_sd_plain(each.value, value_);
      append_value(value_, to);
    }
  }

  record_values values_;
  std::string fields_;
  std::string value_;
  rfc3339_text time_;
};

}  // namespace

format_kind logfmt_format() {
  return {
      .name = "logfmt",
      .summary = "NAME=VALUE pairs with all that is known",
      .matches = [](std::string_view text) { return text == "logfmt"; },
      .check = [](std::string_view, std::string_view, mistakes&) {},
      .make = [](std::string_view, const option_values& options) -> std::unique_ptr<format> { return std::make_unique<logfmt_text>(options); },
      .options = record_rows(),
      .check_options = check_record_options,
      .has_header = true,
  };
}

}  // namespace logrelay
