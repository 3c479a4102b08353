#include <logrelay/output/syslog_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/output/connection_output.hpp>
#include <logrelay/output/datagram_output.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/output/tls_output.hpp>

namespace logrelay {
namespace {

constexpr option_row syslog_rows[] = {
    {.name = "format", .type = option_type::text, .fallback = "rfc5424",
     .help = "How a line is written, as for every output, but with another default.", .value_name = "FORMAT"},
};
constexpr auto syslog_tcp_rows = joined(syslog_rows, tcp_output_rows);

constexpr auto syslog_tls_rows = joined(syslog_rows, tcp_output_rows, tls_output_rows);

output_config with_port(const output_config& config, std::string_view port) {
  auto with = config;
  with.where.rest = with_default_port(config.where.rest, port);
  return with;
}

}  // namespace

const output_kind syslog_output_kind{
    "syslog", "syslog://HOST[:PORT]", "syslog over UDP, port 514", syslog_rows,
    [](const output_config& config, mistakes& wrong) { check_udp_output(with_port(config, "514"), wrong); },
    [](const output_config& config) { return make_udp_output(with_port(config, "514"), 0); }};

const output_kind syslog_tcp_output_kind{
    "syslog+tcp", "syslog+tcp://HOST[:PORT]", "syslog over TCP, port 601", syslog_tcp_rows,
    [](const output_config& config, mistakes& wrong) { check_tcp_output(config, wrong, "601"); },
    [](const output_config& config) { return make_tcp_output(config, "601"); }, true};

const output_kind syslog_tls_output_kind{
    "syslog+tls", "syslog+tls://HOST[:PORT]", "syslog over TLS, port 6514", syslog_tls_rows,
    [](const output_config& config, mistakes& wrong) { check_tls_output(config, wrong, "6514"); },
    [](const output_config& config) { return make_tls_output(config, "6514"); }, true};

}  // namespace logrelay
