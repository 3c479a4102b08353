// Any text may stand in a configuration file, of a relay or of a program with loggers. Beside not crashing, every mistake has a
// place in the file, and what a relay's has no mistakes in is the same again when it is printed and read.
#include "require.hpp"

#include <logrelay/config_file.hpp>
#include <logrelay/config_text.hpp>
#include <logrelay/embed/logger_config.hpp>

#include <cstddef>
#include <cstdint>

using namespace logrelay;

namespace {

const registries& known() {
  static const registries all = standard_registries();
  return all;
}

/// As a program reads it for its loggers: each has its outputs, and each output its logger.
void read_loggers(std::string_view text) {
  mistakes wrong;
  auto request = parse_config(text, "f", wrong);
  const auto config = make_library_config(std::move(request), "f", known(), wrong);
  for (const auto& each : wrong.texts()) require(each.starts_with("f:"));
  if (!wrong.empty()) return;
  require(!config.loggers.empty());
  for (const auto& logger : config.loggers) {
    require(!logger.outputs.empty());
    for (const std::size_t place : logger.outputs) require(place < config.outputs.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text_of_file(reinterpret_cast<const char*>(data), size);
  read_loggers(text_of_file);
  mistakes wrong;
  const auto request = parse_config(text_of_file, "f", wrong);
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
