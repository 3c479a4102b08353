#include <logrelay/input/input.hpp>

#include <logrelay/config.hpp>

namespace logrelay {
namespace {

framing framing_of(const std::string& name) {
  return name == "nul" ? framing::nul : name == "octet" ? framing::octet : framing::newline;
}

long_line_action action_of(const std::string& name) {
  return name == "truncate" ? long_line_action::truncate : name == "drop" ? long_line_action::drop : long_line_action::split;
}

}  // namespace

input::input(const input_config& config)
    : name_(config.name),
      rules_{framing_of(config.options.text("framing")), static_cast<std::uint32_t>(config.options.size("max-line")),
             action_of(config.options.text("max-line-action"))},
      decode_(config.options.text("decode") == "prefix" ? decoding::prefix : decoding::none),
      default_level_(parse_level(config.options.text("default-level")).value_or(level::info)) {}

std::shared_ptr<const source> input::source_for(std::string peer) const {
  return std::make_shared<const source>(source{index_, name_, stream_, std::move(peer), decode_, default_level_});
}

}  // namespace logrelay
