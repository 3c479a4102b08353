#include <logrelay/input/syslog_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/datagram_input.hpp>
#include <logrelay/input/input.hpp>
#include <logrelay/input/socket_input.hpp>
#include <logrelay/input/tls_input.hpp>

namespace logrelay {
namespace {

constexpr option_row decode_rows[] = {
    {.name = "decode", .type = option_type::choice, .fallback = "syslog",
     .help = "As for every input, but with another default.", .choices = decode_choices},
};
constexpr option_row framing_rows[] = {
    {.name = "framing", .type = option_type::choice, .fallback = "auto",
     .help = "As for every input, but with another default.", .choices = input_framing_choices},
};
constexpr auto syslog_udp_rows = joined(decode_rows, access_rows, rate_rows);
constexpr auto syslog_tcp_rows = joined(decode_rows, framing_rows, tcp_input_rows);

constexpr auto syslog_tls_rows = joined(decode_rows, framing_rows, tcp_input_rows, tls_input_rows);

input_config with_port(const input_config& config, std::string_view port) {
  auto with = config;
  with.where.rest = with_default_port(config.where.rest, port);
  return with;
}

}  // namespace

const input_kind syslog_input_kind{
    "syslog", "syslog://[HOST][:PORT]", "syslog over UDP, port 514", syslog_udp_rows,
    [](const input_config& config, mistakes& wrong) { check_udp_input(with_port(config, "514"), wrong); },
    [](const input_config& config) { return make_udp_input(with_port(config, "514")); }};

const input_kind syslog_tcp_input_kind{
    "syslog+tcp", "syslog+tcp://[HOST][:PORT]", "syslog over TCP, port 601", syslog_tcp_rows,
    [](const input_config& config, mistakes& wrong) { check_tcp_input(with_port(config, "601"), wrong); },
    [](const input_config& config) { return make_tcp_input(with_port(config, "601")); }};

const input_kind syslog_tls_input_kind{
    "syslog+tls", "syslog+tls://[HOST][:PORT]", "syslog over TLS, port 6514", syslog_tls_rows,
    [](const input_config& config, mistakes& wrong) { check_tls_input(with_port(config, "6514"), wrong); },
    [](const input_config& config) { return make_tls_input(with_port(config, "6514")); }};

}  // namespace logrelay
