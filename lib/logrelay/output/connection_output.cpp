#include <logrelay/output/connection_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/output/stream_connection.hpp>

#include <fmt/format.h>

namespace logrelay {
namespace {

class unix_output final : public stream_connection {
 public:
  unix_output(std::string where, address to, const connection_settings& settings) : stream_connection({std::move(where)}, settings), to_(to) {}

  // SIOCOUTQ counts overhead here: only nothing left says something, that the peer has read everything. Or that it has
  // thrown away what it had not read when it closed; then there is an error, and was before nothing was left.
  std::uint64_t unacked() override {
    if (in_kernel() == 0 && !has_failed()) read_ = written();
    return written() - read_;
  }

 private:
  std::vector<address> find(std::size_t, waiter&, steady_time, std::string&) override { return {to_}; }
  bool agree(std::size_t, waiter&, steady_time, std::string&) override { return read_ = 0, true; }

  const address to_;
  std::uint64_t read_ = 0;  // bytes of this connection
};

void check_unix(const output_config& config, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  if (config.where.rest.empty())
    wrong.add(fmt::format("output '{}': unix: needs the path of a socket, like unix:/run/app.sock", config.name));
  else if (!fits)
    wrong.add(fmt::format("output '{}': the path is too long for a unix socket: 107 bytes are the most", config.name));
}

connection_settings unix_connection_settings(const option_values& options) {
  connection_settings settings;
  settings.connect_timeout = options.duration("connect-timeout");
  settings.idle_timeout = options.duration("idle-timeout");
  settings.resend_bytes = options.size("resend");
  return settings;
}

std::string with_port(const std::string& text, std::string_view port) { return port.empty() ? text : with_default_port(text, port); }

}  // namespace

connection_settings tcp_connection_settings(const option_values& options) {
  auto settings = unix_connection_settings(options);
  settings.write_timeout = options.duration("write-timeout");
  settings.keepalive = options.duration("keepalive");
  settings.failback = options.duration("failback");
  return settings;
}

connection_places places_of(const output_config& config, std::string_view port) {
  mistakes none;
  connection_places places{{config.where.where}, {parse_host_port(with_port(config.where.rest, port), config.name, none)}};
  for (const auto& each : config.options.all("failover")) {
    places.names.push_back(with_port(each, port));
    places.to.push_back(parse_host_port(places.names.back(), config.name, none));
  }
  return places;
}

void check_tcp_output(const output_config& config, mistakes& wrong, std::string_view port) {
  const auto whose = fmt::format("output '{}'", config.name);
  const auto check = [&](const std::string& text) {
    if (parse_host_port(with_port(text, port), whose, wrong).port == "0") wrong.add(whose + ": port 0 is nobody's: name the one to connect to");
  };
  check(config.where.rest);
  for (const auto& each : config.options.all("failover"))
    if (each.find(',') == std::string::npos)
      check(each);
    else
      wrong.add(fmt::format("{}: 'failover={}' names several: give 'failover' once for each", whose, each));
  if (config.options.given("failback") && !config.options.given("failover"))
    wrong.add(whose + ": a 'failback' from nowhere: give a 'failover' too");
}

std::unique_ptr<output> make_tcp_output(const output_config& config, std::string_view port) {
  auto places = places_of(config, port);
  return std::make_unique<tcp_connection>(std::move(places.names), std::move(places.to), tcp_connection_settings(config.options));
}

const output_kind tcp_output_kind{"tcp", "tcp://HOST:PORT", "a TCP connection, made again for ever", tcp_output_rows,
                                  [](const output_config& config, mistakes& wrong) { check_tcp_output(config, wrong); },
                                  [](const output_config& config) { return make_tcp_output(config); }, true};

const output_kind unix_output_kind{
    "unix", "unix:PATH", "a unix stream socket", connection_rows, check_unix,
    [](const output_config& config) -> std::unique_ptr<output> {
      bool fits = false;
      return std::make_unique<unix_output>(config.where.where, unix_address(config.where.rest, fits), unix_connection_settings(config.options));
    }};

}  // namespace logrelay
