#include <logrelay/input/relp_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/relp_dialogue.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/input/tls_input.hpp>
#include <logrelay/shared_rows.hpp>

namespace logrelay {
namespace {

constexpr option_row relp_rows[] = {
    {.name = "decode", .type = option_type::choice, .fallback = "syslog",
     .help = "As for every input, but with another default.", .choices = decode_choices},
    relp_framing_row,
};
constexpr auto relp_tcp_rows = joined(relp_rows, tcp_input_rows);
constexpr auto relp_tls_rows = joined(relp_rows, tcp_input_rows, tls_input_rows);

dialogue_maker relp() {
  return [malformed = std::make_shared<rare_notice>()](dialogue_parts parts) {
    return std::make_unique<relp_dialogue>(std::move(parts), malformed);
  };
}

}  // namespace

const input_kind relp_input_kind{"relp", "relp://[HOST]:PORT", "RELP, whose peers are told what is safe", relp_tcp_rows, check_tcp_input,
                                 [](const input_config& config) { return make_tcp_input(config, relp()); }};
const input_kind relp_tls_input_kind{"relp+tls", "relp+tls://[HOST]:PORT", "RELP over TLS", relp_tls_rows, check_tls_input,
                                     [](const input_config& config) { return make_tls_input(config, relp()); }};

}  // namespace logrelay
