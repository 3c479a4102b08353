#include <logrelay/format/record_values.hpp>
#include <logrelay/format/rfc3164.hpp>
#include <logrelay/format/time_text.hpp>
#include <logrelay/format/token.hpp>

namespace logrelay {
namespace {

class rfc3164_text final : public format {
 public:
  explicit rfc3164_text(const option_values& options) : values_(options) {}

  void append(const line_view& line, std::string& to) override {
    append_priority(values_.priority(line), to);
    time_.append(line.stamp(), to);
    to += ' ';
    append_printable(values_.host(line), 255, {}, to);
    to += ' ';
    append_printable(values_.app(line), 48, ":[", to);
    if (const auto pid = values_.pid(line); !pid.empty()) {
      to += '[';
      append_printable(pid, 128, "]", to);
      to += ']';
    }
    to += ':';
    if (line.message().empty()) return;
    to += ' ';
    to += line.message();
  }

 private:
  record_values values_;
  strftime_text time_{"%b %e %H:%M:%S"};
};

}  // namespace

format_kind rfc3164_format() {
  return {
      .name = "rfc3164",
      .summary = "a message of syslog, RFC 3164",
      .matches = [](std::string_view text) { return text == "rfc3164"; },
      .check = [](std::string_view, std::string_view, mistakes&) {},
      .make = [](std::string_view, const option_values& options) -> std::unique_ptr<format> { return std::make_unique<rfc3164_text>(options); },
      .options = plain_record_rows(),
      .has_header = true,
  };
}

}  // namespace logrelay
