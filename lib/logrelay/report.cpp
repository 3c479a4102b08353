#include <logrelay/report.hpp>

#include <logrelay/util/json.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <iterator>

namespace logrelay {
namespace {

// One JSON object or array, member by member.
class members {
 public:
  members(std::string& to, char open) : to_(to), close_(open == '{' ? '}' : ']') { to_ += open; }
  members(const members&) = delete;
  ~members() { to_ += close_; }

  std::string& next() {
    if (!std::exchange(first_, false)) to_ += ", ";
    return to_;
  }
  std::string& next(std::string_view name) {
    append_json_string(name, next());
    return to_ += ": ";
  }
  void text(std::string_view name, std::string_view value) { append_json_string(value, next(name)); }
  void number(std::string_view name, std::uint64_t value) { fmt::format_to(std::back_inserter(next(name)), "{}", value); }
  void seconds(std::string_view name, double value) { fmt::format_to(std::back_inserter(next(name)), "{:.6f}", value); }
  void account(std::string_view name, const tally& value) {
    number(fmt::format("{}_lines", name), value.lines);
    number(fmt::format("{}_bytes", name), value.bytes);
  }

 private:
  std::string& to_;
  const char close_;
  bool first_ = true;
};

void append(const input_report& input, std::string& to) {
  members all(to, '{');
  all.text("name", input.name);
  all.text("endpoint", input.endpoint);
  all.number("lines", input.lines);
  all.number("bytes", input.bytes);
  all.number("long_lines", input.long_lines);
  all.number("framing_errors", input.framing_errors);
  all.number("connections", input.connections);
  all.number("kernel_drops", input.kernel_drops);
  all.number("refused", input.refused);
  all.next("failed") += input.failed ? "true" : "false";
  all.number("limited", input.limited);
  all.number("unread_bytes", input.unread_bytes);
  {
    members addresses(all.next("listening"), '[');
    for (const auto& each : input.listening) append_json_string(each, addresses.next());
  }
  all.seconds("paused_seconds", input.paused_seconds);
  members by(all.next("paused_by"), '{');
  for (const auto& [output, seconds] : input.paused_by) by.seconds(output, seconds);
}

void append(const output_report& output, std::string& to) {
  const ledger& account = output.account;
  members all(to, '{');
  all.text("name", output.name);
  all.text("endpoint", output.endpoint);
  all.text("state", output_state_name(output.state));
  all.account("accepted", account.accepted);
  all.account("delivered", account.delivered);
  all.account("filtered", account.filtered);
  all.account("dropped", account.dropped());
  all.account("rejected", account.rejected);
  all.account("pending", account.pending);
  all.account("spooled", account.spooled);
  all.account("found", account.found);
  {
    members reasons(all.next("dropped_by"), '{');
    for (std::size_t i = 0; i < drop_reasons; ++i)
      reasons.number(drop_reason_name(static_cast<drop_reason>(i)), account.dropped_by[i].lines);
  }
  all.number("markers", account.markers.lines);
  all.number("queue_bytes", account.queue_bytes);
  all.number("queue_peak_bytes", account.queue_peak_bytes);
  all.number("queue_limit_bytes", output.queue_limit_bytes);
  all.number("disk_bytes", account.disk_bytes);
  all.seconds("oldest_pending_seconds", output.oldest_pending_seconds);
  all.seconds("stalled_seconds", output.stalled_seconds);
  all.number("rotations", output.rotations);
  all.number("retries", output.retries);
  all.text("last_error", output.last_error);
}

}  // namespace

std::string to_json(const relay_report& report, std::string_view version) {
  std::string text;
  {
    members all(text, '{');
    all.text("version", version);
    all.seconds("uptime_seconds", report.uptime_seconds);
    all.number("exit_status", static_cast<std::uint64_t>(report.exit_status));
    {
      members inputs(all.next("inputs"), '[');
      for (const auto& each : report.inputs) append(each, inputs.next());
    }
    members outputs(all.next("outputs"), '[');
    for (const auto& each : report.outputs) append(each, outputs.next());
  }
  return text;
}

std::vector<std::string> troubles(const relay_report& report) {
  std::vector<std::string> said;
  for (const auto& each : report.inputs)
    if (each.failed) said.push_back(fmt::format("input '{}' has failed", each.name));
  for (const auto& each : report.outputs) {
    if (each.state == output_state::ok) continue;
    const auto& account = each.account;
    auto what = each.state == output_state::dropping
                    ? fmt::format("output '{}' drops lines: its queue is full", each.name)
                    : fmt::format("output '{}' takes nothing for {}, and {} {} wait", each.name,
                                  readable_duration(std::chrono::milliseconds(static_cast<std::int64_t>(each.stalled_seconds * 1000))),
                                  account.pending.lines, account.pending.lines == 1 ? "line" : "lines");
    if (!each.last_error.empty()) fmt::format_to(std::back_inserter(what), "; last error: {}", each.last_error);
    said.push_back(std::move(what));
  }
  return said;
}

std::vector<std::string> losses(const relay_report& report) {
  std::vector<std::string> said;
  for (const auto& each : report.inputs)
    if (each.unread_bytes > 0)
      said.push_back(fmt::format("input '{}': about {} of what was ready when it was asked to stop are not read", each.name, readable_size(each.unread_bytes)));
  for (const auto& each : report.outputs) {
    const auto& account = each.account;
    std::string what;
    const auto add = [&](const tally& lines, std::string_view fate) {
      if (lines.lines == 0) return;
      fmt::format_to(std::back_inserter(what), "{}{} {} ({}) {}", what.empty() ? "" : ", ", lines.lines,
                     lines.lines == 1 ? "line" : "lines", readable_size(lines.bytes), fate);
    };
    const auto& damaged = account.dropped_by[static_cast<std::size_t>(drop_reason::damaged)];
    add(account.dropped() - damaged, "dropped, its queue was full");
    add(damaged, "damaged on disk");
    add(account.rejected, "rejected");
    add(account.pending - account.spooled, "not delivered");
    if (each.in_doubt_bytes > 0)
      fmt::format_to(std::back_inserter(what), "{}the last {} were not sent again, and may be lost with the connection that took them",
                     what.empty() ? "" : ", ", readable_size(each.in_doubt_bytes));
    if (what.empty()) continue;
    if (!each.last_error.empty()) fmt::format_to(std::back_inserter(what), "; last error: {}", each.last_error);
    said.push_back(fmt::format("output '{}': {}", each.name, what));
  }
  return said;
}

}  // namespace logrelay
