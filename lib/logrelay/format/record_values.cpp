#include <logrelay/format/record_values.hpp>

#include <logrelay/core/level.hpp>
#include <logrelay/decode/structured_data.hpp>
#include <logrelay/format/facility.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace logrelay {
namespace {

constexpr int facility_user = 1;
constexpr std::size_t longest_name = 32;  // SD-NAME, RFC 5424, 6.3.3

constexpr option_row rows[] = {
    {.name = "facility", .type = option_type::choice, .fallback = "",
     .help = "What formats with fields give as facility, kern to local7, instead of the line's own; user where neither says any.",
     .choices = facility_choices, .value_name = "FACILITY"},
    {.name = "severity", .type = option_type::choice, .fallback = "",
     .help = "What formats with fields give as level, instead of the line's own.", .choices = level_choices},
    {.name = "host", .type = option_type::text, .fallback = "",
     .help = "What formats with fields give as host, instead of the line's own, its sender's address, or this host."},
    {.name = "app", .type = option_type::text, .fallback = "",
     .help = "What formats with fields give as program, instead of the line's own."},
    {.name = "pid", .type = option_type::text, .fallback = "",
     .help = "What formats with fields give as process, instead of the line's own or its sender's."},
    {.name = "msgid", .type = option_type::text, .fallback = "",
     .help = "What formats with fields give as kind of message, instead of the line's own."},
    {.name = "sd", .type = option_type::text, .fallback = "",
     .help = "Structured data that is added to the line's own, in the place of its parameters of the same names, like [id@1 name=\"value\"]."},
    {.name = "field", .type = option_type::text, .fallback = "",
     .help = "A field that formats with fields add to every line; repeat it for several.", .repeatable = true,
     .value_name = "NAME:VALUE"},
};
constexpr std::size_t plain_rows = 5;  // up to pid

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  return name;
}

/// "192.0.2.1" of "192.0.2.1:514", "2001:db8::1" of "[2001:db8::1]:514".
std::string_view address_of(std::string_view peer) {
  auto address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return address;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= longest_name && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

option_rows record_rows() { return rows; }
option_rows plain_record_rows() { return option_rows(rows).first(plain_rows); }

void check_record_options(const option_values& options, std::string_view whose, mistakes& wrong) {
  constexpr std::array<std::string_view, 13> ours = {"time", "level", "facility", "host", "app",  "pid", "msgid",
                                                     "sd",   "input", "stream",   "peer", "message", "uid"};
  const auto& sd = options.text("sd");
  if (structured_data_size(sd) != sd.size())
    wrong.add(fmt::format("{}: 'sd={}' is no structured data: write it like [id@1 name=\"value\"]", whose, sd));
  for (const auto& field : options.all("field")) {
    const auto colon = field.find(':');
    const auto name = field.substr(0, colon);
    if (colon == std::string::npos || !is_name(name))
      wrong.add(fmt::format("{}: 'field={}' is no field: write it like NAME:VALUE, with a name of up to {} letters, digits, '_', "
                            "'-' and '.'", whose, field, longest_name));
    else if (std::find(ours.begin(), ours.end(), name) != ours.end() || name == "id")
      wrong.add(fmt::format("{}: 'field={}' would stand in the place of another: take another name", whose, field));
  }
}

record_values::record_values() : this_host_(host_name()) {}

record_values::record_values(const option_values& options)
    : this_host_(host_name()), severity_(parse_level(options.text("severity"))), facility_(facility_number(options.text("facility"))),
      host_(options.text("host")), app_(options.text("app")), pid_(options.text("pid")), msgid_(options.text("msgid")),
      sd_(options.text("sd")) {
  for (const auto& field : options.all("field")) {
    const auto colon = std::min(field.find(':'), field.size());
    fields_.emplace_back(field.substr(0, colon), field.substr(std::min(colon + 1, field.size())));
  }
}

int record_values::priority(const line_view& line) const {
  const int found = facility(line);
  return (found < 0 ? facility_user : found) * 8 + static_cast<int>(severity(line));
}

std::string_view record_values::host(const line_view& line) const {
  if (!host_.empty()) return host_;
  if (!line.fields().host.empty()) return line.fields().host;
  const auto& from = line.from();
  return from.local || from.peer.empty() ? std::string_view(this_host_) : address_of(from.peer);
}

std::string_view record_values::pid(const line_view& line) {
  if (!pid_.empty()) return pid_;
  if (!line.fields().pid.empty() || line.from().pid < 0) return line.fields().pid;
  if (peer_pid_ != line.from().pid) {
    peer_pid_ = line.from().pid;
    peer_pid_text_ = fmt::format("{}", peer_pid_);
  }
  return peer_pid_text_;
}

std::string_view record_values::sd(const line_view& line) {
  const auto theirs = line.fields().sd;
  if (theirs.empty() || sd_.empty()) return theirs.empty() ? std::string_view(sd_) : theirs;
  merged_sd_.clear();
  append_sd_merged(theirs, sd_, merged_sd_);
  return merged_sd_;
}

void record_values::add_sd(std::string_view more) {
  std::string all;
  append_sd_merged(sd_, more, all);
  sd_ = std::move(all);
}

}  // namespace logrelay
