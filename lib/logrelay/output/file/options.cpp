#include <logrelay/output/file/options.hpp>

#include <logrelay/output/file/file_system.hpp>
#include <logrelay/output/file/path_fields.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <charconv>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

constexpr option_row rows[] = {
    {.name = "append",
     .type = option_type::yes_no,
     .fallback = "yes",
     .help = "Whether lines go behind what the file holds; no empties it first."},
    {.name = "rotate",
     .type = option_type::size,
     .fallback = "",
     .help = "Begin a new file, between two lines, before this one grows larger."},
    {.name = "every",
     .type = option_type::duration,
     .fallback = "",
     .help = "Begin a new file when the clock on the wall shows a multiple of this time.",
     .least = "1s"},
    {.name = "at",
     .type = option_type::text,
     .fallback = "",
     .help = "From which time of day, HH:MM, every is counted; without it from midnight.",
     .value_name = "TIME"},
    {.name = "utc",
     .type = option_type::yes_no,
     .fallback = "no",
     .help = "Whether every, at and the time in PATH are in UTC; else in local time."},
    {.name = "keep",
     .type = option_type::count,
     .fallback = "",
     .help = "How many rotated files stay; without it all do."},
    {.name = "keep-size",
     .type = option_type::size,
     .fallback = "",
     .help = "How much space all rotated files together may take; the oldest go first."},
    {.name = "keep-age",
     .type = option_type::duration,
     .fallback = "",
     .help = "Rotated files that are older than this go."},
    {.name = "keep-free",
     .type = option_type::size,
     .fallback = "",
     .help = "Rotated files go, the oldest first, when less than this is free on their disk."},
    {.name = "compress",
     .type = option_type::text,
     .fallback = "",
     .help = "Compress rotated files with gzip or zstd, by a thread at low priority; a level may follow: zstd:9.",
     .value_name = "gzip|zstd"},
    {.name = "naming",
     .type = option_type::choice,
     .fallback = "time",
     .help = "Whether rotated files are called by the time of their rotation or by number, the newest 1.",
     .choices = "time|number"},
    {.name = "link",
     .type = option_type::text,
     .fallback = "",
     .help = "Keep a symbolic link of this path that leads to the live file.",
     .value_name = "PATH"},
    {.name = "max-files",
     .type = option_type::count,
     .fallback = "100",
     .help =
         "With fields such as {input} in PATH, so many files are open at most; who was not used for longest closes.",
     .least = "1"},
    {.name = "mode",
     .type = option_type::mode,
     .fallback = "",
     .help = "Permissions of a new file; without it 0666 less the umask."},
    {.name = "owner",
     .type = option_type::text,
     .fallback = "",
     .help = "USER or USER:GROUP that new files and folders are given to; only root may do so.",
     .value_name = "OWNER"},
    {.name = "dir-mode",
     .type = option_type::mode,
     .fallback = "",
     .help = "Permissions of a new folder; without it 0777 less the umask."},
    {.name = "sync",
     .type = option_type::text,
     .fallback = "none",
     .help = "When lines are put on the disk itself: none when the kernel likes, close with a file's end, a time like "
             "1s at "
             "most so long after the write, always before they count as delivered.",
     .value_name = "none|close|TIME|always"},
    {.name = "after-rotate",
     .type = option_type::text,
     .fallback = "",
     .help = "A command to run for each rotated file, once it is compressed; it gets the name as $1.",
     .value_name = "COMMAND"},
    {.name = "after-rotate-timeout",
     .type = option_type::duration,
     .fallback = "1h",
     .help = "How long that command may take for one file; then it is ended, and the next file has its turn.",
     .least = "1ms"},
    {.name = "share",
     .type = option_type::yes_no,
     .fallback = "no",
     .help = "Whether other relays that share it too may write to the same file."},
};

std::optional<std::chrono::seconds> parse_time_of_day(std::string_view text) {
  const auto two = [&](std::size_t from) {
    int value = -1;
    const auto end = text.data() + from + 2;
    const auto read = std::from_chars(text.data() + from, end, value);
    return read.ptr == end ? value : -1;
  };
  if ((text.size() != 5 && text.size() != 8) || text[2] != ':' || (text.size() == 8 && text[5] != ':')) return {};
  const int hour = two(0), minute = two(3), second = text.size() == 8 ? two(6) : 0;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return {};
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

bool parse_compression(std::string_view text, file_rules& into) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  into.compress = name == "gzip" ? compression::gzip : name == "zstd" ? compression::zstd : compression::none;
  if (into.compress == compression::none) return false;
  if (colon == std::string_view::npos) return true;
  const auto level = parse_count(text.substr(colon + 1));
  if (!level || *level < 1 || *level > (into.compress == compression::gzip ? 9u : 19u)) return false;
  into.level = static_cast<int>(*level);
  return true;
}

bool parse_sync(std::string_view text, file_rules& into) {
  into.sync = text == "close" ? sync_when::at_close : text == "always" || text == "batch" ? sync_when::always : sync_when::never;
  if (text == "none" || into.sync != sync_when::never) return true;
  const auto time = parse_duration(text);
  if (!time || time->count() == 0) return false;
  into.sync = sync_when::every;
  into.sync_every = *time;
  return true;
}

template <typename Id>
std::optional<Id> parse_id(const std::string& text) {
  const auto number = parse_count(text);
  return number && *number < static_cast<Id>(-1) ? std::optional(static_cast<Id>(*number)) : std::nullopt;
}

// "user", "user:group", ":group", by name or number.
bool parse_owner(const std::string& text, file_rules& into) {
  const auto colon = text.find(':');
  const auto user = text.substr(0, colon);
  const auto group = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (const passwd* known = user.empty() ? nullptr : ::getpwnam(user.c_str()))
    into.user = known->pw_uid;
  else
    into.user = parse_id<uid_t>(user);
  if (const ::group* known = group.empty() ? nullptr : ::getgrnam(group.c_str()))
    into.group = known->gr_gid;
  else
    into.group = parse_id<gid_t>(group);
  return (user.empty() || into.user) && (group.empty() || into.group) && (into.user || into.group);
}

}  // namespace

option_rows file_option_rows() { return rows; }

void check_file_options(const output_config& config, mistakes& wrong) {
  const auto& options = config.options;
  const auto add = [&](std::string_view what) { wrong.add(fmt::format("output '{}': {}", config.name, what)); };
  const auto& path = config.where.rest;
  file_rules rules;
  if (path.empty()) add("a file needs a path");
  const bool by_time = has_conversions(path);
  if (has_fields(path)) {
    check_path_fields(path, fmt::format("output '{}'", config.name), wrong);
    if (options.given("link")) add("'link' leads to one file, and the fields in this path make many: leave it out");
  }
  const bool rotates = options.given("rotate") || options.given("every") || by_time;
  if (by_time && render(path, std::chrono::system_clock::now(), false).empty())
    add(fmt::format("'{}' is no pattern of strftime: write a percent sign as %%", path));
  if (options.given("rotate") && options.size("rotate") == 0)
    add("'rotate=0' would begin a new file for ever: leave it out, or give a size");
  const auto every = options.duration("every");
  if (every.count() % 1000 != 0 || every > 366 * 24h) add("'every' takes whole seconds, up to 366d");
  for (const auto* each : {"keep", "keep-size", "keep-age", "keep-free"})
    if (options.given(each) && !rotates)
      add(fmt::format("'{}' says which rotated files stay, but nothing rotates: add rotate=SIZE or every=TIME", each));
  for (const auto* each : {"compress", "after-rotate"})
    if (options.given(each) && !rotates)
      add(fmt::format("'{}' is for rotated files, but nothing rotates: add rotate=SIZE or every=TIME", each));
  if (by_time && has_conversions(split_path(path).folder) &&
      (options.given("keep") || options.given("keep-size") || options.given("keep-age") || options.given("keep-free")))
    add("files stay or go within one folder, and this path changes its folder with the time: put the time into its "
        "last part");
  if (options.given("at") && !options.given("every")) add("'at' says from when every is counted: add every=TIME");
  if (options.given("at") && !parse_time_of_day(options.text("at")))
    add(fmt::format("'at={}' is no time of day: write it like 03:00", options.text("at")));
  if (options.given("compress") && !parse_compression(options.text("compress"), rules))
    add(fmt::format("'compress={}' is unknown: write gzip, zstd, or with a level gzip:1 to gzip:9, zstd:1 to zstd:19",
                    options.text("compress")));
  if (!parse_sync(options.text("sync"), rules))
    add(fmt::format("'sync={}' is unknown: write none, close, always, or a time like 1s", options.text("sync")));
  if (options.given("owner") && !parse_owner(options.text("owner"), rules))
    add(fmt::format("'owner={}' is nobody here: write a USER, USER:GROUP or their numbers", options.text("owner")));
  if (options.yes("share") && !options.yes("append"))
    add("'append=no' would empty a file that others write to: leave out share or append");
}

file_rules read_file_rules(const output_config& config) {
  const auto& options = config.options;
  file_rules rules;
  rules.path = config.where.rest;
  rules.by_time = has_conversions(rules.path);
  rules.fields = has_fields(rules.path);
  rules.max_files = static_cast<std::size_t>(options.count("max-files"));
  rules.utc = options.yes("utc");
  rules.append = options.yes("append");
  rules.share = options.yes("share");
  if (options.given("mode")) rules.mode = options.mode("mode");
  if (options.given("dir-mode")) rules.folder_mode = options.mode("dir-mode");
  if (options.given("owner")) static_cast<void>(parse_owner(options.text("owner"), rules));
  rules.rotate_bytes = options.size("rotate");
  rules.every = std::chrono::duration_cast<std::chrono::seconds>(options.duration("every"));
  if (options.given("at")) rules.at = *parse_time_of_day(options.text("at"));
  rules.names = options.text("naming") == "number" ? naming::number : naming::time;
  if (options.given("compress")) static_cast<void>(parse_compression(options.text("compress"), rules));
  if (options.given("keep")) rules.keep.parts = options.count("keep");
  if (options.given("keep-size")) rules.keep.bytes = options.size("keep-size");
  if (options.given("keep-age"))
    rules.keep.age = std::chrono::duration_cast<std::chrono::seconds>(options.duration("keep-age"));
  rules.keep.free_bytes = options.size("keep-free");
  rules.link = options.text("link");
  static_cast<void>(parse_sync(options.text("sync"), rules));
  rules.after_rotate = options.text("after-rotate");
  rules.after_rotate_most = options.duration("after-rotate-timeout");
  if (options.given("framing") && options.text("framing") == "nul") rules.terminator = '\0';
  if (options.given("framing") && options.text("framing") == "octet") rules.terminator.reset();
  return rules;
}

}  // namespace logrelay
