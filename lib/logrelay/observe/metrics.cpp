#include <logrelay/observe/metrics.hpp>

#include <logrelay/util/utf8.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>
#include <utility>

namespace logrelay {
namespace {

enum class kind { counter, gauge };

struct label {
  std::string_view name, value;
};

class page {
 public:
  void family(std::string_view name, kind what, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP logrelay_{0} {1}\n# TYPE logrelay_{0} {2}\n", name, help,
                   what == kind::counter ? "counter" : "gauge");
  }
  void sample(std::initializer_list<label> labels, std::uint64_t value) {
    begin(labels);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }
  void sample(std::initializer_list<label> labels, double value) {
    begin(labels);
    fmt::format_to(std::back_inserter(text_), " {:.6f}\n", value);
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  void begin(std::initializer_list<label> labels) {
    fmt::format_to(std::back_inserter(text_), "logrelay_{}", name_);
    char before = '{';
    for (const auto& each : labels) {
      text_ += std::exchange(before, ',');
      text_ += each.name;
      text_ += "=\"";
      append_escaped(each.value);
      text_ += '"';
    }
    if (before == ',') text_ += '}';
  }
  void append_escaped(std::string_view value) {
    std::string scratch;
    for (const char c : as_utf8(value, scratch)) {
      if (c == '\\' || c == '"') text_ += '\\';
      if (c == '\n')
        text_ += "\\n";
      else
        text_ += c;
    }
  }

  std::string text_;
  std::string_view name_;
};

// One row a family: its name, its type, what it means, and where the number is.
template <typename Of, typename Value>
struct family_row {
  std::string_view name;
  kind what;
  std::string_view help;
  Value (*value)(const Of&);
};

using input_row = family_row<input_report, std::uint64_t>;
constexpr input_row input_rows[] = {
    {"input_lines_total", kind::counter, "Lines read.", [](const input_report& i) { return i.lines; }},
    {"input_bytes_total", kind::counter, "Bytes of the lines read.", [](const input_report& i) { return i.bytes; }},
    {"input_long_lines_total", kind::counter, "Lines longer than max-line.", [](const input_report& i) { return i.long_lines; }},
    {"input_framing_errors_total", kind::counter, "Messages without the length that was expected before them.",
     [](const input_report& i) { return i.framing_errors; }},
    {"input_kernel_drops_total", kind::counter, "Datagrams that the kernel dropped before they were read.",
     [](const input_report& i) { return i.kernel_drops; }},
    {"input_refused_total", kind::counter, "Peers that were not let in.", [](const input_report& i) { return i.refused; }},
    {"input_limited_total", kind::counter, "Datagrams dropped because there were more than rate or peer-rate.",
     [](const input_report& i) { return i.limited; }},
    {"input_unread_bytes", kind::gauge, "What was ready when the input was asked to stop, and is not read yet.",
     [](const input_report& i) { return i.unread_bytes; }},
    {"input_connections", kind::gauge, "Peers that are connected.", [](const input_report& i) { return i.connections; }},
    {"input_failed", kind::gauge, "1 when the input has failed.", [](const input_report& i) { return std::uint64_t{i.failed}; }},
};

using output_row = family_row<output_report, std::uint64_t>;
constexpr output_row output_rows[] = {
    {"output_markers_total", kind::counter, "Notices written where lines were dropped.",
     [](const output_report& o) { return o.account.markers.lines; }},
    {"output_rotations_total", kind::counter, "Files rotated.", [](const output_report& o) { return o.rotations; }},
    {"output_retries_total", kind::counter, "Tries to reach the output again.", [](const output_report& o) { return o.retries; }},
    {"output_queue_bytes", kind::gauge, "Memory that the queue takes.", [](const output_report& o) { return std::uint64_t{o.account.queue_bytes}; }},
    {"output_queue_peak_bytes", kind::gauge, "The most memory that the queue has taken.",
     [](const output_report& o) { return std::uint64_t{o.account.queue_peak_bytes}; }},
    {"output_queue_limit_bytes", kind::gauge, "Memory that the queue may take.", [](const output_report& o) { return o.queue_limit_bytes; }},
    {"output_disk_bytes", kind::gauge, "What the files of its spool take.", [](const output_report& o) { return o.account.disk_bytes; }},
    {"output_stalled", kind::gauge, "1 when lines wait and nothing was taken of them for stall-after.",
     [](const output_report& o) { return std::uint64_t{o.state == output_state::stalled}; }},
    {"output_dropping", kind::gauge, "1 when lines are being dropped because the queue is full.",
     [](const output_report& o) { return std::uint64_t{o.state == output_state::dropping}; }},
};

using output_seconds_row = family_row<output_report, double>;
constexpr output_seconds_row output_seconds_rows[] = {
    {"output_oldest_pending_seconds", kind::gauge, "Age of the oldest line that waits; 0 when none does.",
     [](const output_report& o) { return o.oldest_pending_seconds; }},
    {"output_stalled_seconds", kind::gauge, "Time since anything was taken of the lines that wait; 0 when none does.",
     [](const output_report& o) { return o.stalled_seconds; }},
};

// What became of lines: each a family for the lines and one for their bytes.
struct fate_row {
  std::string_view name;
  kind what;
  std::string_view help;
  tally (*value)(const ledger&);
};
constexpr fate_row fate_rows[] = {
    {"accepted", kind::counter, "taken into the queue", [](const ledger& a) { return a.accepted; }},
    {"delivered", kind::counter, "that the output has taken", [](const ledger& a) { return a.delivered; }},
    {"filtered", kind::counter, "left out by request", [](const ledger& a) { return a.filtered; }},
    {"rejected", kind::counter, "that the output refused for good", [](const ledger& a) { return a.rejected; }},
    {"found", kind::counter, "of the accepted that an earlier run had left on disk", [](const ledger& a) { return a.found; }},
    {"pending", kind::gauge, "that wait", [](const ledger& a) { return a.pending; }},
    {"spooled", kind::gauge, "of the pending that are safe on disk", [](const ledger& a) { return a.spooled; }},
};

template <typename Of, typename Value>
void add(page& to, std::span<const family_row<Of, Value>> rows, std::string_view of, const std::vector<Of>& all) {
  for (const auto& row : rows) {
    to.family(row.name, row.what, row.help);
    for (const auto& each : all) to.sample({{of, each.name}}, row.value(each));
  }
}

void add_fates(page& to, const std::vector<output_report>& all) {
  for (const bool lines : {true, false}) {
    const std::string_view unit = lines ? "lines" : "bytes", subject = lines ? "Lines" : "Bytes of the lines";
    for (const auto& row : fate_rows) {
      const auto name = fmt::format("output_{}_{}{}", row.name, unit, row.what == kind::counter ? "_total" : "");
      to.family(name, row.what, fmt::format("{} {}.", subject, row.help));
      for (const auto& each : all) {
        const tally value = row.value(each.account);
        to.sample({{"output", each.name}}, lines ? value.lines : value.bytes);
      }
    }
    const auto name = fmt::format("output_dropped_{}_total", unit);
    to.family(name, kind::counter, fmt::format("{} lost, and why.", subject));
    for (const auto& each : all)
      for (std::size_t i = 0; i < drop_reasons; ++i) {
        const tally& value = each.account.dropped_by[i];
        to.sample({{"output", each.name}, {"reason", drop_reason_name(static_cast<drop_reason>(i))}}, lines ? value.lines : value.bytes);
      }
  }
}

void add_pauses(page& to, const relay_report& report) {
  to.family("input_paused_seconds_total", kind::counter, "For how long any output has held the input.");
  for (const auto& input : report.inputs) to.sample({{"input", input.name}}, input.paused_seconds);
  to.family("input_paused_by_seconds_total", kind::counter, "For how long the output has held the input; several may do so at once.");
  for (const auto& input : report.inputs)
    for (const auto& output : report.outputs) {
      double seconds = 0;
      for (const auto& [by, held] : input.paused_by)
        if (by == output.name) seconds = held;
      to.sample({{"input", input.name}, {"output", output.name}}, seconds);
    }
}

}  // namespace

std::string to_metrics(const relay_report& report, std::string_view version) {
  page all;
  all.family("build_info", kind::gauge, "1, labelled with the version.");
  all.sample({{"version", version}}, std::uint64_t{1});
  all.family("uptime_seconds", kind::gauge, "Time since the relay started.");
  all.sample({}, report.uptime_seconds);
  all.family("exit_status", kind::gauge, "What the relay would exit with now: 0 when nothing is lost.");
  all.sample({}, static_cast<std::uint64_t>(report.exit_status));
  add<input_report, std::uint64_t>(all, input_rows, "input", report.inputs);
  add_pauses(all, report);
  add_fates(all, report.outputs);
  add<output_report, std::uint64_t>(all, output_rows, "output", report.outputs);
  add<output_report, double>(all, output_seconds_rows, "output", report.outputs);
  return std::move(all).text();
}

}  // namespace logrelay
