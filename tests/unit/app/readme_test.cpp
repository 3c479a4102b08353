// What the README quotes of the examples' code, and of their files, is what stands there, and is therefore compiled and run.
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>

using namespace logrelay::support;

namespace {

using strings = std::vector<std::string>;

std::string trimmed(const std::string& line) { return line.substr(std::min(line.find_first_not_of(' '), line.size())); }

/// The lines of a file between "// [NAME]" and "// []", moved to the left; of TOML between "# [NAME]" and "# []".
strings part_of(const std::string& file, const std::string& name) {
  const std::string comment = file.ends_with(".toml") ? "# " : "// ";
  strings part;
  bool on = false;
  for (const auto& line : split_lines(read_file(file))) {
    if (trimmed(line) == comment + "[" + name + "]")
      on = true;
    else if (trimmed(line) == comment + "[]")
      on = false;
    else if (on)
      part.push_back(line);
  }
  std::size_t indent = std::string::npos;
  for (const auto& line : part)
    if (!line.empty()) indent = std::min(indent, line.size() - trimmed(line).size());
  for (auto& line : part) line.erase(0, std::min(indent, line.size()));
  return part;
}

}  // namespace

TEST_CASE("README.md quotes the examples as they are") {
  const std::string root = LOGRELAY_SOURCE;
  const std::regex head(R"(<!-- (\S+\.(cpp|toml)) (.+) -->)");
  const auto lines = split_lines(read_file(root + "/README.md"));
  std::size_t quotes = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch found;
    if (!std::regex_match(lines[i], found, head)) continue;
    ++quotes;
    REQUIRE(lines.at(i + 1) == "```" + found.str(2));
    const auto from = lines.begin() + static_cast<std::ptrdiff_t>(i) + 2;
    const strings quoted(from, std::find(from, lines.end(), "```"));
    INFO(found.str());
    CHECK(quoted == part_of(root + "/" + found.str(1), found.str(3)));
    CHECK(!quoted.empty());
  }
  CHECK(quotes >= 5);
}
