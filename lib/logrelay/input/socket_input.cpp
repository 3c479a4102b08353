#include <logrelay/input/socket_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/listening_input.hpp>
#include <logrelay/shared_rows.hpp>

#include <fmt/format.h>
#include <sys/socket.h>

#include <optional>

namespace logrelay {
namespace {

class tcp_input final : public listening_input {
 public:
  explicit tcp_input(const input_config& config) : listening_input(config), where_(config.where) {}
  void prepare() override {
    mistakes none;
    if (sockets_.empty()) sockets_ = bind_internet(parse_host_port(where_.rest, name(), none), SOCK_STREAM, where_.where);
    remember_addresses();
  }

 private:
  const endpoint where_;
};

class unix_input final : public listening_input {
 public:
  explicit unix_input(const input_config& config) : listening_input(config), path_(config.where.rest) {
    if (config.options.given("mode")) mode_ = config.options.mode("mode");
    local_ = true;
  }
  void prepare() override {
    if (sockets_.empty()) sockets_.push_back(bind_unix(path_, SOCK_STREAM, mode_));
    remember_addresses();
  }

 private:
  const std::string path_;
  std::optional<unsigned> mode_;
};

constexpr option_row mode_rows[] = {socket_mode_row};
constexpr auto unix_rows = joined(connection_input_rows, rate_rows, mode_rows);

void check_unix(const input_config& config, mistakes& wrong) {
  bool fits = false;
  static_cast<void>(unix_address(config.where.rest, fits));
  if (config.where.rest.empty())
    wrong.add(fmt::format("input '{}': unix: needs a path for the socket, like unix:/run/app.sock", config.name));
  else if (!fits)
    wrong.add(fmt::format("input '{}': the path is too long for a unix socket: 107 bytes are the most", config.name));
  check_guard(config, wrong);
}

}  // namespace

void check_tcp_input(const input_config& config, mistakes& wrong) {
  static_cast<void>(parse_host_port(config.where.rest, fmt::format("input '{}'", config.name), wrong));
  check_guard(config, wrong);
}

std::unique_ptr<input> make_tcp_input(const input_config& config, dialogue_maker answers) {
  auto made = std::make_unique<tcp_input>(config);
  made->answer_with(std::move(answers));
  return made;
}

const input_kind tcp_input_kind{"tcp", "tcp://[HOST]:PORT", "TCP connections", tcp_input_rows, check_tcp_input,
                               [](const input_config& config) { return make_tcp_input(config); }};
const input_kind unix_input_kind{"unix", "unix:PATH", "connections to a unix stream socket", unix_rows, check_unix,
                                 [](const input_config& config) -> std::unique_ptr<input> { return std::make_unique<unix_input>(config); }};

}  // namespace logrelay
