#include "report_reading.hpp"

#include <boost/json.hpp>  // whose code is in the library's decode/json

#include <algorithm>

namespace logrelay {
namespace {

namespace json = boost::json;

// A member of an object, or nothing: an older relay has fewer.
class row {
 public:
  explicit row(const json::value& of) : of_(of.if_object()) {}

  [[nodiscard]] const json::value* find(std::string_view name) const { return of_ == nullptr ? nullptr : of_->if_contains({name.data(), name.size()}); }
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto* const it = find(name);
    return it != nullptr && it->is_string() ? std::string(it->as_string()) : std::string();
  }
  [[nodiscard]] double seconds(std::string_view name) const {
    const auto* const it = find(name);
    return it != nullptr && it->is_number() ? it->to_number<double>() : 0;
  }
  [[nodiscard]] std::uint64_t count(std::string_view name) const {
    const auto* const it = find(name);
    if (it == nullptr) return 0;
    if (it->is_uint64()) return it->as_uint64();
    return it->is_int64() ? static_cast<std::uint64_t>(std::max<std::int64_t>(it->as_int64(), 0)) : 0;
  }
  [[nodiscard]] tally account(const std::string& name) const { return {count(name + "_lines"), count(name + "_bytes")}; }
  template <typename Function>
  void for_each(std::string_view name, Function function) const {
    const auto* const it = find(name);
    if (it != nullptr && it->is_array())
      for (const auto& each : it->as_array()) function(each);
  }

 private:
  const json::object* of_;
};

input_report read_input(const row& from) {
  input_report input;
  input.name = from.text("name");
  input.endpoint = from.text("endpoint");
  input.lines = from.count("lines");
  input.bytes = from.count("bytes");
  input.long_lines = from.count("long_lines");
  input.framing_errors = from.count("framing_errors");
  input.connections = from.count("connections");
  input.kernel_drops = from.count("kernel_drops");
  input.refused = from.count("refused");
  input.limited = from.count("limited");
  input.unread_bytes = from.count("unread_bytes");
  input.paused_seconds = from.seconds("paused_seconds");
  const auto* const failed = from.find("failed");
  input.failed = failed != nullptr && failed->is_bool() && failed->as_bool();
  from.for_each("listening", [&](const json::value& each) {
    if (each.is_string()) input.listening.emplace_back(each.as_string());
  });
  if (const auto* const by = from.find("paused_by"); by != nullptr && by->is_object())
    for (const auto& [output, seconds] : by->as_object())
      if (seconds.is_number()) input.paused_by.emplace_back(output, seconds.to_number<double>());
  return input;
}

output_report read_output(const row& from) {
  output_report output;
  output.name = from.text("name");
  output.endpoint = from.text("endpoint");
  for (const auto state : {output_state::stalled, output_state::dropping})
    if (from.text("state") == output_state_name(state)) output.state = state;
  auto& account = output.account;
  account.accepted = from.account("accepted");
  account.delivered = from.account("delivered");
  account.filtered = from.account("filtered");
  account.rejected = from.account("rejected");
  account.pending = from.account("pending");
  account.spooled = from.account("spooled");
  account.found = from.account("found");
  account.dropped_by[0] = from.account("dropped");  // all of them: their bytes are told in one sum
  if (const auto* const by = from.find("dropped_by"))
    for (std::size_t i = 1; i < drop_reasons; ++i) {
      account.dropped_by[i].lines = row(*by).count(drop_reason_name(static_cast<drop_reason>(i)));
      account.dropped_by[0].lines -= std::min(account.dropped_by[0].lines, account.dropped_by[i].lines);
    }
  account.markers.lines = from.count("markers");
  account.queue_bytes = from.count("queue_bytes");
  account.queue_peak_bytes = from.count("queue_peak_bytes");
  account.disk_bytes = from.count("disk_bytes");
  output.queue_limit_bytes = from.count("queue_limit_bytes");
  output.oldest_pending_seconds = from.seconds("oldest_pending_seconds");
  output.stalled_seconds = from.seconds("stalled_seconds");
  output.rotations = from.count("rotations");
  output.retries = from.count("retries");
  output.last_error = from.text("last_error");
  return output;
}

}  // namespace

read_report from_json(std::string_view text) {
  read_report read;
  json::error_code ec;
  const auto value = json::parse({text.data(), text.size()}, ec);
  const row all(value);
  if (ec || all.find("inputs") == nullptr || all.find("outputs") == nullptr) {
    read.error = "that is no report of a relay";
    return read;
  }
  read.version = all.text("version");
  read.report.uptime_seconds = all.seconds("uptime_seconds");
  read.report.exit_status = static_cast<int>(all.count("exit_status"));
  all.for_each("inputs", [&](const json::value& each) { read.report.inputs.push_back(read_input(row(each))); });
  all.for_each("outputs", [&](const json::value& each) { read.report.outputs.push_back(read_output(row(each))); });
  return read;
}

}  // namespace logrelay
