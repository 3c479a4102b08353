#include <logrelay/file_conflicts.hpp>

#include <logrelay/input/tail/path_pattern.hpp>
#include <logrelay/output/file/file_system.hpp>
#include <logrelay/output/file/options.hpp>

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

namespace logrelay {
namespace {

/// What an output writes, if that is a regular file or will be one.
struct written_file {
  const output_config* by;
  bool inherited = false;                ///< its position was there before us, and may be another's as well
  bool shared = false;                   ///< appended to beside others, as `share` has it
  std::optional<file_identity> which{};  ///< it is there
  std::vector<std::string> paths{};      ///< the file's own, then those where what is written may turn up as well
};

struct seen_file {
  bool there = false;
  std::optional<file_identity> regular{};
};

seen_file look_at(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return {};
  return {true, S_ISREG(facts.st_mode) ? std::optional(identity_of(facts)) : std::nullopt};
}

std::string path_of(int descriptor) { return fmt::format("/proc/self/fd/{}", descriptor); }

// One spelling. The last part stays as it is: it may be a pattern, or what is not there yet.
std::string resolved(const std::string& written) {
  std::error_code ec;
  const auto path = std::filesystem::absolute(written, ec).lexically_normal();
  const auto folder = std::filesystem::weakly_canonical(path.parent_path(), ec);
  return ec ? written : (folder / path.filename()).string();
}

void add_paths(const file_rules& rules, const std::string& live, std::vector<std::string>& to) {
  const auto path = resolved(live);
  to = {path, rules.names == naming::number ? part_names::at_number(path, 1) : part_names::at_time(path, 0)};
  if (!rules.link.empty()) to.push_back(resolved(rules.link));
}

written_file file_of(const output_config& output) {
  written_file file{&output};
  if (const auto number = written_descriptor(output.where)) {
    file.inherited = true;
    file.which = look_at(path_of(*number)).regular;
    std::error_code ec;
    if (file.which) file.paths = {std::filesystem::read_symlink(path_of(*number), ec).string()};
  } else if (output.where.scheme == "file") {
    const auto rules = read_file_rules(output);
    file.shared = rules.share;
    const auto live = rules.by_time ? render(rules.path, std::chrono::system_clock::now(), rules.utc) : rules.path;
    const auto now = look_at(live);
    file.which = now.regular;
    if (!now.there || now.regular) add_paths(rules, live, file.paths);
  }
  return file;
}

std::vector<written_file> files_of(const std::vector<output_config>& outputs) {
  std::vector<written_file> all;
  for (const output_config& each : outputs)
    if (auto file = file_of(each); !file.paths.empty()) all.push_back(std::move(file));
  return all;
}

// The path at which the input would find it; null: it does not.
const std::string* read_by(const input_config& input, const written_file& file) {
  const auto is_it = [&](const std::string& path) { return file.which && look_at(path).regular == file.which; };
  if (const auto number = read_descriptor(input.where)) return is_it(path_of(*number)) ? &file.paths.front() : nullptr;
  if (input.where.scheme != "tail") return nullptr;
  const auto pattern = resolved(input.where.rest);
  const auto fits = [&](const std::string& path) { return ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0; };
  if (const auto found = std::find_if(file.paths.begin(), file.paths.end(), fits); found != file.paths.end()) return &*found;
  const auto there = find_paths(input.where.rest).files;
  return std::any_of(there.begin(), there.end(), is_it) ? &file.paths.front() : nullptr;
}

// What a shell gives one file, as `>> log 2>&1` does, is written at one position; what is shared is appended to.
bool spoil_each_other(const written_file& one, const written_file& other) {
  return one.which && one.which == other.which && !(one.inherited && other.inherited) && !(one.shared && other.shared);
}

void check_writers(const std::vector<written_file>& files, mistakes& wrong) {
  for (auto file = files.begin(); file != files.end(); ++file) {
    const auto first = std::find_if(files.begin(), file, [&](const auto& each) { return spoil_each_other(each, *file); });
    if (first == file) continue;
    const mistakes::at here(wrong, file->by->where.at);
    wrong.add(fmt::format("output '{}': {} is written by output '{}' already: leave one of the two out, or give it another file",
                          file->by->name, file->paths.front(), first->by->name));
  }
}

}  // namespace

void check_files(const std::vector<output_config>& outputs, mistakes& wrong) { check_writers(files_of(outputs), wrong); }

void check_files(const std::vector<input_config>& inputs, const std::vector<output_config>& outputs, mistakes& wrong) {
  const auto files = files_of(outputs);
  check_writers(files, wrong);
  for (const written_file& file : files)
    for (const std::size_t place : file.by->from) {
      const auto* const path = read_by(inputs[place], file);
      if (!path) continue;
      const mistakes::at here(wrong, file.by->where.at);
      wrong.add(fmt::format("output '{}': {}{} is read by input '{}', so that its lines would come back for ever: write another file, or take "
                            "other inputs only, with 'from'",
                            file.by->name, file.paths.front(), path == &file.paths.front() ? "" : ", linked or rotated,", inputs[place].name));
    }
}

}  // namespace logrelay
