#include <logrelay/spool/spool_options.hpp>

#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace logrelay {
namespace {

constexpr std::uint64_t largest_segment = 16 * 1024 * 1024;
// Disk is given back in segments: with fewer than this many a spool would be full half of the time.
constexpr std::uint64_t least_segments = 8;

// Where lines wait for a sync each sync is for more of them.
constexpr std::size_t synced_together = 4 * 1024 * 1024;

constexpr const char* default_sync = "1s";  // also for an output whose own `sync` has another

constexpr option_row table[] = {
    {.name = "spill", .type = option_type::text, .fallback = "",
     .help = "When the queue is full, lines go on in this directory, and come back in order.", .value_name = "DIR"},
    {.name = "spill-size", .type = option_type::size, .fallback = "1G",
     .help = "Disk that a spill may take; when it is full too, overflow applies.", .least = "64K"},
    {.name = "spool", .type = option_type::text, .fallback = "",
     .help = "Every line is in this directory before it is delivered, and delivered after a crash.", .value_name = "DIR"},
    {.name = "spool-size", .type = option_type::size, .fallback = "1G",
     .help = "Disk that a spool may take; when it is full, lines wait in the queue.", .least = "64K"},
    {.name = "segment", .type = option_type::size, .fallback = "16M",
     .help = "Disk is given back in files of this size; 16M at most, and an eighth of the spool's size.", .least = "4K",
     .most = "16M"},
    {.name = "sync", .type = option_type::text, .fallback = default_sync,
     .help = "When a spool is safe from a power failure too: never (none), after this time at the latest, or before each "
             "delivery (batch).",
     .value_name = "none|TIME|batch"},
};

// A file's own `sync` has more words: one key tells for both how often the disk is waited for.
std::optional<std::pair<spool_rules::safety, std::chrono::milliseconds>> parse_sync(const std::string& text) {
  using safety = spool_rules::safety;
  if (text == "none" || text == "close") return {{safety::none, {}}};
  if (text == "batch" || text == "always") return {{safety::batch, {}}};
  const auto time = parse_duration(text);
  if (!time || time->count() <= 0) return std::nullopt;
  return {{safety::timed, *time}};
}

}  // namespace

option_rows spool_rows() { return table; }

void check_spool(const output_config& output, mistakes& wrong) {
  const auto& options = output.options;
  const bool spool = options.given("spool"), spill = options.given("spill");
  const auto add = [&](const std::string& what) { wrong.add(fmt::format("output '{}': {}", output.name, what)); };
  if (spool && spill) add("'spool' and 'spill' are given both: a spool already keeps on disk whatever memory cannot hold");
  for (const auto* size : {"spool-size", "segment"})
    if (!spool && !spill && options.given(size)) add(fmt::format("'{}' is given, but no 'spool'", size));
  if (options.given("spill-size") && !spill) add("'spill-size' is given, but no 'spill'");
  if (spool && options.has("sync") && !parse_sync(options.text("sync")))
    add(fmt::format("'sync={}' is no time: write none, batch, or a time such as 500ms", options.text("sync")));
  const auto whole = options.size(spool ? "spool-size" : "spill-size");
  if (options.given("segment") && (spool || spill) && options.size("segment") > whole / least_segments)
    add(fmt::format("a segment of {} is too large: at most an eighth of {}, which is {}", readable_size(options.size("segment")), readable_size(whole),
                    readable_size(whole / least_segments)));
}

std::optional<spool_request> spool_of(const option_values& options, const queue_rules& memory) {
  if (!options.given("spool") && !options.given("spill")) return std::nullopt;
  const bool spool = options.given("spool");
  spool_request made{options.text(spool ? "spool" : "spill"), {}};
  auto& rules = made.rules;
  rules.memory = memory;
  rules.disk = spool ? spool_rules::begins::at_once : spool_rules::begins::when_full;
  rules.limits.most_bytes = options.size(spool ? "spool-size" : "spill-size");
  rules.limits.segment_bytes = std::min({options.size("segment"), largest_segment, rules.limits.most_bytes / least_segments});
  rules.sync = spool_rules::safety::none;
  if (spool)
    if (const auto sync = parse_sync(options.given("sync") ? options.text("sync") : default_sync)) std::tie(rules.sync, rules.sync_every) = *sync;
  if (rules.sync == spool_rules::safety::batch) rules.memory.pace_bytes = synced_together;
  return made;
}

}  // namespace logrelay
