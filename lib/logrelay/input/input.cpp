#include <logrelay/input/input.hpp>

#include <logrelay/config.hpp>

namespace logrelay {
namespace {

framing framing_of(const std::string& name) {
  return name == "nul" ? framing::nul : name == "octet" || name == "auto" ? framing::octet : framing::newline;
}

long_line_action action_of(const std::string& name) {
  return name == "truncate" ? long_line_action::truncate : name == "drop" ? long_line_action::drop : long_line_action::split;
}

decoding decoding_of(const std::string& name) {
  return name == "prefix" ? decoding::prefix
         : name == "syslog" ? decoding::syslog
         : name == "json"   ? decoding::json
                            : decoding::none;
}

}  // namespace

input::input(const input_config& config)
    : name_(config.name),
      rules_{framing_of(config.options.text("framing")), config.options.text("framing") == "auto", static_cast<std::uint32_t>(config.options.size("max-line")),
             action_of(config.options.text("max-line-action"))},
      decode_(decoding_of(config.options.text("decode"))),
      default_level_(parse_level(config.options.text("default-level")).value_or(level::info)), app_(config.app) {}

std::shared_ptr<const source> input::source_for(std::string peer, const peer_credentials& who) const {
  return std::make_shared<const source>(
      source{index_, name_, stream_, std::move(peer), decode_, default_level_, local_, app_, who.pid, who.uid});
}

}  // namespace logrelay
