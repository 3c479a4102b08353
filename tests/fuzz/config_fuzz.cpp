// Any text may stand in a configuration file. Beside not crashing, every mistake has a place in the file, and what has no
// mistakes is the same again when it is printed and read.
#include "require.hpp"

#include <logrelay/config_file.hpp>
#include <logrelay/config_text.hpp>

#include <cstddef>
#include <cstdint>

using namespace logrelay;

namespace {

const registries& known() {
  static const registries all = standard_registries();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mistakes wrong;
  const auto request = parse_config({reinterpret_cast<const char*>(data), size}, "f", wrong);
  for (const auto& each : wrong.texts()) require(each.starts_with("f:"));
  const auto config = make_config(request, known(), wrong);
  if (!wrong.empty()) return 0;
  const auto text = to_toml(config, wrong);
  require(wrong.empty());
  const auto again = make_config(parse_config(text, "f", wrong), known(), wrong);
  require(wrong.empty());
  require(to_toml(again, wrong) == text);
  return 0;
}
