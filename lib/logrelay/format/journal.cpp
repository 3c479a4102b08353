#include <logrelay/format/journal.hpp>

#include <logrelay/core/level.hpp>
#include <logrelay/decode/structured_data.hpp>
#include <logrelay/format/record_values.hpp>
#include <logrelay/format/time_text.hpp>
#include <logrelay/util/bytes.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>

namespace logrelay {
namespace {

constexpr std::size_t longest_name = 64;  // journald's own limit

// A 128-bit id is what journald calls MESSAGE_ID, and has catalogues for.
bool is_id128(std::string_view text) {
  const auto hexadecimal = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  return text.size() == 32 && std::all_of(text.begin(), text.end(), hexadecimal);
}

class journal_entry final : public format {
 public:
  explicit journal_entry(const option_values& options) : values_(options) {
    for (const auto& [name, value] : values_.fields()) {
      name_.clear();
      append_journal_name(name, name_);
      append_journal_field(name_, value, fields_);
    }
  }

  void append(const line_view& line, std::string& to) override {
    append_journal_field("MESSAGE", line.message(), to);
    add("PRIORITY", static_cast<int>(values_.severity(line)), to);
    if (const int facility = values_.facility(line); facility >= 0) add("SYSLOG_FACILITY", facility, to);
    add("SYSLOG_IDENTIFIER", values_.app(line), to);
    add("SYSLOG_PID", values_.pid(line), to);
    if (line.fields().time) {
      value_.clear();
      time_.append(line.stamp(), value_);
      add("SYSLOG_TIMESTAMP", value_, to);
    }
    const auto id = values_.msgid(line);
    add(is_id128(id) ? "MESSAGE_ID" : "SYSLOG_MSGID", id, to);
    if (const auto host = values_.host(line); host != values_.this_host()) add("SYSLOG_HOSTNAME", host, to);
    append_sd(values_.sd(line), to);
    const auto& from = line.from();
    add("LOGRELAY_INPUT", from.input_name, to);
    add("LOGRELAY_STREAM", from.stream, to);
    add("LOGRELAY_PEER", from.peer, to);
    to += fields_;
  }

 private:
  static void add(std::string_view name, std::string_view value, std::string& to) {
    if (!value.empty()) append_journal_field(name, value, to);
  }

  static void add(std::string_view name, int value, std::string& to) {
    char digits[12];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    append_journal_field(name, {digits, static_cast<std::size_t>(end - digits)}, to);
  }

  void append_sd(std::string_view sd, std::string& to) {
    sd_cursor cursor(sd);
    for (sd_cursor::parameter each; cursor.next(each);) {
      if (each.name.empty()) continue;
      name_.assign(each.id).append("_").append(each.name);
      value_.clear();
      append_journal_name(name_, value_);
      name_.swap(value_);
      value_.clear();
      append_sd_plain(each.value, value_);
      append_journal_field(name_, value_, to);
    }
  }

  record_values values_;
  rfc3339_text time_;
  std::string fields_;
  std::string name_, value_;
};

}  // namespace

void append_journal_field(std::string_view name, std::string_view value, std::string& to) {
  to += name;
  if (value.find('\n') == std::string_view::npos) {
    to += '=';
  } else {
    to += '\n';
    char size[8];
    put_number(size, std::uint64_t{value.size()});
    to.append(size, sizeof size);
  }
  to += value;
  to += '\n';
}

void append_journal_name(std::string_view text, std::string& to) {
  const std::size_t begin = to.size();
  for (char c : text) {
    if (to.size() - begin == longest_name) break;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const bool letter = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    if (to.size() == begin && !letter) to += 'X';
    to += letter || digit ? c : '_';
  }
}

format_kind journal_format() {
  return {
      .name = "journal",
      .summary = "an entry of systemd-journald, for journal: alone",
      .matches = [](std::string_view text) { return text == "journal"; },
      .check = [](std::string_view, std::string_view, mistakes&) {},
      .make = [](std::string_view, const option_values& options) -> std::unique_ptr<format> { return std::make_unique<journal_entry>(options); },
      .options = record_rows(),
      .check_options = check_record_options,
      .has_header = true,
  };
}

}  // namespace logrelay
