#include <logrelay/config_change.hpp>

#include <logrelay/input/command_input.hpp>
#include <logrelay/spool/spool_options.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

namespace logrelay {
namespace {

using texts_by_name = std::map<std::string_view, std::vector<std::string>>;

texts_by_name given(const option_values& options) {
  texts_by_name all;
  for (const auto& each : options.all_given()) all.emplace(each.row.name, each.texts);
  return all;
}

bool same_place(const endpoint& one, const endpoint& other) {
  return one.scheme == other.scheme && one.rest == other.rest && one.slashes == other.slashes;
}

std::string place_written_to(const output_config& output) {
  if (output.where.scheme != "file") return output.where.scheme + ":" + output.where.rest;
  std::error_code ec;
  const auto path = std::filesystem::absolute(output.where.rest, ec);
  return "file:" + (ec ? std::filesystem::path(output.where.rest) : path).lexically_normal().string();
}

// Where its lines wait, if that is not memory.
std::string directory_of(const output_config& output) {
  for (const auto* key : {"spool", "spill"})
    if (output.options.given(key)) return std::string(key) + "=" + output.options.text(key);
  return {};
}

// One spelling, with a slash at its end; empty: it has none.
std::filesystem::path directory_path(const output_config& output) {
  for (const auto* key : {"spool", "spill"}) {
    if (!output.options.given(key)) continue;
    const std::filesystem::path written = output.options.text(key);
    std::error_code ec;
    const auto path = std::filesystem::absolute(written, ec);
    return ((ec ? written : path) / "").lexically_normal();
  }
  return {};
}

}  // namespace

bool is_unchanged(const input_config& before, const input_config& now) {
  return same_place(before.where, now.where) && before.name == now.name && given(before.options) == given(now.options);
}

bool is_unchanged(const output_config& before, const output_config& now) {
  auto old_options = given(before.options), new_options = given(now.options);
  old_options.erase("from");
  new_options.erase("from");
  return same_place(before.where, now.where) && before.name == now.name && before.timestamp == now.timestamp && old_options == new_options;
}

bool is_successor(const output_config& before, const output_config& now) {
  return before.name == now.name && same_place(before.where, now.where);
}

bool keeps_queue(const output_config& before, const output_config& now) { return directory_of(before) == directory_of(now); }

bool changes_disk_queue(const output_config& before, const output_config& now) {
  if (directory_of(before).empty()) return false;
  const auto old_options = given(before.options), new_options = given(now.options);
  const auto value = [](const texts_by_name& of, std::string_view name) { return of.contains(name) ? of.at(name) : std::vector<std::string>(); };
  const auto changes = [&](std::string_view name) { return value(old_options, name) != value(new_options, name); };
  constexpr std::array<std::string_view, 4> of_queues{"queue", "overflow", "stall-after", "gap-marker"};
  return std::any_of(of_queues.begin(), of_queues.end(), changes) ||
         std::any_of(spool_rows().begin(), spool_rows().end(), [&](const option_row& row) { return changes(row.name); });
}

bool share_an_endpoint(const output_config& one, const output_config& other) { return place_written_to(one) == place_written_to(other); }

bool share_a_directory(const output_config& one, const output_config& other) {
  const auto first = directory_path(one), second = directory_path(other);
  if (first.empty() || second.empty()) return false;
  std::error_code ec;  // one that is not there is no other's
  return first == second || std::filesystem::equivalent(first, second, ec);
}

bool is_inherited(const input_config& input) { return input.where.scheme == "-" || input.where.scheme == "fd" || reads_command(input); }
bool is_inherited(const output_config& output) { return output.where.scheme == "-" || output.where.scheme == "fd"; }

std::vector<std::string> fixed_until_restart(const relay_config& before, const relay_config& now) {
  constexpr std::array<std::string_view, 5> followed{"timestamp", "drain-timeout", "metrics", "verbose", "quiet"};
  const auto old_options = given(before.global), new_options = given(now.global);
  std::vector<std::string> fixed;
  for (const option_row& row : global_rows()) {
    if (std::find(followed.begin(), followed.end(), row.name) != followed.end()) continue;
    const auto one = old_options.find(row.name), other = new_options.find(row.name);
    const bool same = one == old_options.end() ? other == new_options.end() : other != new_options.end() && one->second == other->second;
    if (!same) fixed.emplace_back(row.name);
  }
  if (before.command != now.command) fixed.emplace_back("command");
  return fixed;
}

}  // namespace logrelay
