#include "report_desk.hpp"

#include <logrelay/error.hpp>
#include <logrelay/net/address.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace logrelay {
namespace {

constexpr unsigned for_us_alone = 0600;

}  // namespace

report_desk::report_desk(const std::string& asked, messages& say) {
  mistakes checked;  // by make_config
  const auto where = parse_metrics_address(asked, checked);
  switch (where.what) {
    case metrics_address::kind::nowhere: break;
    case metrics_address::kind::runtime_directory: bind_runtime_socket(say); break;
    case metrics_address::kind::unix_socket: sockets_.push_back(bind_unix(where.path, SOCK_STREAM, for_us_alone)); break;
    case metrics_address::kind::tcp: sockets_ = bind_internet(where.where, SOCK_STREAM, "--metrics " + asked); break;
  }
  for (const auto& each : sockets_) say.say(severity::info, fmt::format("the report is served on {}", to_text(each.where)));
}

void report_desk::bind_runtime_socket(messages& say) {
  const auto directory = runtime_directory();
  if (!directory) return;
  remove_dead_sockets(*directory);
  const auto path = runtime_socket(*directory, ::getpid());
  bool fits = false;
  static_cast<void>(unix_address(path, fits));
  try {
    if (!fits) throw system_error("listen on " + path, ENAMETOOLONG);
    sockets_.push_back(bind_unix(path, SOCK_STREAM, for_us_alone));
  } catch (const error& e) {
    say.say(severity::info, fmt::format("{}; the report is not served", e.what()));
  }
}

void report_desk::open() {
  if (sockets_.empty()) return;
  std::vector<fd> listening;
  for (const auto& each : sockets_) listening.emplace_back(::fcntl(each.socket.get(), F_DUPFD_CLOEXEC, 3));
  server_ = std::make_unique<report_server>(std::move(listening), LOGRELAY_VERSION, [this] {
    asked_.store(true);
    wanted_.signal();
  });
}

void report_desk::look(const relay& running) {
  if (!server_) return;
  wanted_.clear();  // first: whoever asks from here on wakes us again
  if (asked_.exchange(false)) server_->answer(running.report());
}

void report_desk::close() {
  server_.reset();
  sockets_.clear();
}

}  // namespace logrelay
