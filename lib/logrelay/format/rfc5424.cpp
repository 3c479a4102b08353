#include <logrelay/decode/structured_data.hpp>
#include <logrelay/format/record_values.hpp>
#include <logrelay/format/rfc5424.hpp>
#include <logrelay/format/time_text.hpp>
#include <logrelay/format/token.hpp>

namespace logrelay {
namespace {

// 32473 is the private enterprise number for documentation, RFC 5612: nobody else's.
constexpr std::string_view fields_id = "[fields@32473";

class rfc5424_text final : public format {
 public:
  explicit rfc5424_text(const option_values& options) : values_(options) {
    if (values_.fields().empty()) return;
    std::string fields(fields_id);
    for (const auto& [name, value] : values_.fields()) {
      fields.append(" ").append(name).append("=\"");
      append_sd_escaped(value, fields);
      fields += '"';
    }
    values_.add_sd(fields + "]");
  }

  void append(const line_view& line, std::string& to) override {
    append_priority(values_.priority(line), to);
    to += "1 ";
    time_.append(line.stamp(), to);
    append_token(values_.host(line), 255, to);
    append_token(values_.app(line), 48, to);
    append_token(values_.pid(line), 128, to);
    append_token(values_.msgid(line), 32, to);
    to += ' ';
    const auto sd = values_.sd(line);
    to += sd.empty() ? std::string_view("-") : sd;
    if (line.message().empty()) return;
    to += ' ';
    to += line.message();
  }

 private:
  static void append_token(std::string_view text, std::size_t most, std::string& to) {
    to += ' ';
    append_printable(text, most, {}, to);
  }

  record_values values_;
  rfc3339_text time_;
};

}  // namespace

format_kind rfc5424_format() {
  return {
      .name = "rfc5424",
      .summary = "a message of syslog, RFC 5424",
      .matches = [](std::string_view text) { return text == "rfc5424"; },
      .check = [](std::string_view, std::string_view, mistakes&) {},
      .make = [](std::string_view, const option_values& options) -> std::unique_ptr<format> { return std::make_unique<rfc5424_text>(options); },
      .options = record_rows(),
      .check_options = check_record_options,
      .network_framing = framing::octet,
      .has_header = true,
  };
}

}  // namespace logrelay
