#include <logrelay/config_conflicts.hpp>

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <map>
#include <set>

namespace logrelay {
namespace {

/// How messages speak of one side of the relay.
struct side {
  std::string_view self, done, consequence;
  std::optional<int> (*descriptor_of)(const endpoint&);
};

constexpr side reading{"input", "read", "each would get parts of its lines", read_descriptor};
constexpr side writing{"output", "written", "lines of one would tear those of the other", written_descriptor};

std::string name_of_descriptor(int number) {
  constexpr std::array<std::string_view, 3> standard{"standard input", "standard output", "standard error"};
  const auto place = static_cast<std::size_t>(number);
  return place < standard.size() ? std::string(standard.at(place)) : fmt::format("descriptor {}", number);
}

template <typename Config>
void check_descriptors(const std::vector<Config>& all, const side& ours, mistakes& wrong) {
  std::map<int, const Config*> users;
  for (const Config& each : all) {
    const auto number = ours.descriptor_of(each.where);
    if (!number) continue;
    const auto [first, added] = users.emplace(*number, &each);
    if (added) continue;
    const mistakes::at here(wrong, each.where.at);
    wrong.add(fmt::format("{0} '{1}': {2} is {3} by {0} '{4}' already: {5}", ours.self, each.name, name_of_descriptor(*number), ours.done,
                          first->second->name, ours.consequence));
  }
}

void check_command(const std::vector<input_config>& inputs, const std::vector<std::string>& command, mistakes& wrong) {
  std::set<std::string_view> seen;
  for (const input_config& input : inputs) {
    const mistakes::at here(wrong, input.where.at);
    const std::string& scheme = input.where.scheme;
    if (read_descriptor(input.where) == 0 && !command.empty())
      wrong.add(fmt::format("input '{}': standard input is {}'s, which would get parts of its lines", input.name, command.front()));
    if (scheme != "stdout" && scheme != "stderr") continue;
    if (command.empty())
      wrong.add(fmt::format("input '{}': there is no command whose {} it could read: add '-- COMMAND'", input.name, scheme));
    else if (!seen.insert(scheme).second)
      wrong.add(fmt::format("input '{}': {} is read already", input.name, scheme));
  }
}

/// One spelling for a path, however it was written.
std::string plain(const std::string& written) {
  std::error_code ec;  // without a current folder it stays as it was written
  std::filesystem::path path = std::filesystem::absolute(written, ec);
  if (ec) path = written;
  std::string name = path.lexically_normal().string();
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  return name;
}

void check_files(const std::vector<output_config>& outputs, mistakes& wrong) {
  std::map<std::string, const output_config*> writers;
  for (const output_config& output : outputs) {
    if (output.where.scheme != "file" || output.where.rest.empty()) continue;
    const auto [first, added] = writers.emplace(plain(output.where.rest), &output);
    if (added) continue;
    const mistakes::at here(wrong, output.where.at);
    wrong.add(fmt::format("output '{}': {} is written by output '{}' already: leave one of the two out, or give it another file", output.name, first->first, first->second->name));
  }
}

void check_spools(const std::vector<output_config>& outputs, mistakes& wrong) {
  std::map<std::string, const output_config*> owners;
  for (const output_config& output : outputs)
    for (const auto* key : {"spool", "spill"}) {
      if (!output.kind || !output.options.given(key)) continue;
      const auto [first, added] = owners.emplace(plain(output.options.text(key)), &output);
      if (added) continue;
      const mistakes::at here(wrong, place_of(output.where, key));
      wrong.add(fmt::format("output '{}': the directory {} is used by output '{}' already: each needs its own", output.name, first->first,
                            first->second->name));
    }
}

}  // namespace

void check_conflicts(const std::vector<input_config>& inputs, const std::vector<std::string>& command, mistakes& wrong) {
  check_descriptors(inputs, reading, wrong);
  check_command(inputs, command, wrong);
}

void check_conflicts(const std::vector<output_config>& outputs, mistakes& wrong) {
  check_descriptors(outputs, writing, wrong);
  check_files(outputs, wrong);
  check_spools(outputs, wrong);
}

}  // namespace logrelay
