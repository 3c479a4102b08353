// ARCHITECTURE.md has one line for each file of the program, and none for a file that is no more.
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <regex>
#include <set>

using namespace logrelay::support;

namespace {

const std::filesystem::path root = LOGRELAY_SOURCE;

/// Files without their endings: a header and its source are one.
std::set<std::string> files_below(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& each : std::filesystem::recursive_directory_iterator(root / folder))
    if (each.is_regular_file()) names.insert(std::filesystem::relative(each.path(), root).replace_extension().string());
  return names;
}

/// A heading "### `app/`" opens a folder, a line "- `cli`: …" is a file in it.
std::set<std::string> described_files() {
  const std::regex heading(R"(^#+ `([a-z/]+/)`.*)"), item(R"(^- `([a-z0-9_]+)`: .+)");
  std::set<std::string> names;
  std::string folder;
  std::smatch part;
  for (const auto& line : split_lines(read_file(root / "ARCHITECTURE.md"))) {
    if (line.starts_with("#")) folder = std::regex_match(line, part, heading) ? part.str(1) : "";
    else if (!folder.empty() && std::regex_match(line, part, item)) names.insert(folder + part.str(1));
  }
  return names;
}

}  // namespace

TEST_CASE("ARCHITECTURE.md has a line for each file, and no other") {
  auto files = files_below("app");
  files.merge(files_below("lib"));
  const auto described = described_files();
  std::vector<std::string> missing, too_many;
  std::set_difference(files.begin(), files.end(), described.begin(), described.end(), std::back_inserter(missing));
  std::set_difference(described.begin(), described.end(), files.begin(), files.end(), std::back_inserter(too_many));
  CHECK(missing == std::vector<std::string>{});
  CHECK(too_many == std::vector<std::string>{});
}
