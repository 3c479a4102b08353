#include <logrelay/output/connection_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/output/stream_connection.hpp>

#include <fmt/format.h>

namespace logrelay {
namespace {

constexpr option_row unix_rows[] = {
    {"connect-timeout", option_type::duration, "10s", "How long one try to connect may take before the next."},
};

class unix_output final : public stream_connection {
 public:
  unix_output(std::string where, address to, std::chrono::milliseconds timeout)
      : stream_connection(std::move(where), timeout), to_(to) {}

  result open(waiter& wait) override {
    written_ = 0;
    return stream_connection::open(wait);
  }
  write_result write(const outgoing& lines) override {
    auto how = stream_connection::write(lines);
    written_ += how.taken;
    return how;
  }
  // SIOCOUTQ counts overhead here: only nothing left says something, that the peer has read everything. Or that it has
  // thrown away what it had not read when it closed; then there is an error, and was before nothing was left.
  std::uint64_t unacked() override {
    if (in_kernel() == 0 && !has_failed()) written_ = 0;
    return written_;
  }

 private:
  std::vector<address> find(waiter&, steady_time, std::string&) override { return {to_}; }

  const address to_;
  std::uint64_t written_ = 0;  // since the peer had read everything
};

void check_unix(const output_config& config, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  if (config.where.rest.empty())
    wrong.add(fmt::format("output '{}': unix: needs the path of a socket, like unix:/run/app.sock", config.name));
  else if (!fits)
    wrong.add(fmt::format("output '{}': the path is too long for a unix socket: 107 bytes are the most", config.name));
}

}  // namespace

void check_tcp_output(const output_config& config, mistakes& wrong) {
  const auto whose = fmt::format("output '{}'", config.name);
  const auto to = parse_host_port(config.where.rest, whose, wrong);
  if (to.port == "0") wrong.add(whose + ": port 0 is nobody's: name the one to connect to");
}

std::unique_ptr<output> make_tcp_output(const output_config& config) {
  mistakes none;
  return std::make_unique<tcp_connection>(config.where.where, parse_host_port(config.where.rest, config.name, none),
                                      config.options.duration("connect-timeout"));
}

const output_kind tcp_output_kind{"tcp", "tcp://HOST:PORT", "a TCP connection, made again for ever", tcp_output_rows, check_tcp_output,
                                  make_tcp_output, true};

const output_kind unix_output_kind{
    "unix", "unix:PATH", "a unix stream socket", unix_rows, check_unix,
    [](const output_config& config) -> std::unique_ptr<output> {
      bool fits = false;
      return std::make_unique<unix_output>(config.where.where, unix_address(config.where.rest, fits),
                                           config.options.duration("connect-timeout"));
    }};

}  // namespace logrelay
