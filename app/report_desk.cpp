#include "report_desk.hpp"

#include <logrelay/error.hpp>
#include <logrelay/net/address.hpp>
#include <logrelay/util/privileges.hpp>
#include <logrelay/util/thrown.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace logrelay {
namespace {

constexpr unsigned for_us_alone = 0600;

metrics_address parsed(const std::string& asked) {
  mistakes checked;  // by make_config
  return parse_metrics_address(asked, checked);
}

bool goes_on_as_other(const std::string& user) { return !user.empty() && ::geteuid() == 0 && user_number(user) != 0; }

}  // namespace

report_desk::report_desk(const std::string& asked, const std::string& user, messages& say)
    : say_(say), asked_(asked), user_(user), becomes_other_(goes_on_as_other(user)) {
  const auto where = parsed(asked);
  if (where.what == metrics_address::kind::runtime_directory)
    directory_ = find_runtime_directory();
  else
    sockets_ = bind(where, asked);
}

std::vector<bound_socket> report_desk::bind(const metrics_address& where, const std::string& as_written) const {
  std::vector<bound_socket> all;
  if (where.what == metrics_address::kind::unix_socket) all.push_back(bind_unix(where.path, SOCK_STREAM, for_us_alone));
  if (where.what == metrics_address::kind::tcp) all = bind_internet(where.where, SOCK_STREAM, "--metrics " + as_written);
  return all;
}

std::optional<std::string> report_desk::find_runtime_directory() const {
  return becomes_other_ ? runtime_directory_for(user_, user_number(user_)) : runtime_directory();
}

void report_desk::bind_runtime_socket() {
  remove_dead_sockets(*directory_);
  const auto path = runtime_socket(*directory_, ::getpid());
  bool fits = false;
  static_cast<void>(unix_address(path, fits));
  try {
    if (!fits) throw system_error("listen on " + path, ENAMETOOLONG);
    sockets_.push_back(bind_unix(path, SOCK_STREAM, for_us_alone));
  } catch (const error& e) {
    say_.say(severity::info, fmt::format("{}; the report is not served", e.what()));
  }
}

void report_desk::open() {
  if (directory_) bind_runtime_socket();
  serve();
}

void report_desk::serve() {
  if (sockets_.empty()) return;
  try {
    std::vector<fd> listening;
    for (const auto& each : sockets_) {
      listening.emplace_back(::fcntl(each.socket.get(), F_DUPFD_CLOEXEC, 3));
      if (!listening.back()) throw error(error_text(errno));
    }
    server_ = std::make_unique<report_server>(std::move(listening), LOGRELAY_VERSION, [this] {
      asked_for_.store(true);
      wanted_.signal();
    });
  } catch (const std::exception& e) {  // the relay runs already, and lines matter more
    say_.say(directory_ ? severity::info : severity::error, fmt::format("unable to serve the report: {}", reason_of(e)));
    return sockets_.clear();
  }
  for (const auto& each : sockets_) say_.say(severity::info, fmt::format("the report is served on {}", to_text(each.where)));
}

void report_desk::move_to(const std::string& asked) {
  if (asked == asked_) return;
  const auto where = parsed(asked);
  const bool in_the_way = has_port_of(where);
  std::vector<bound_socket> next;
  if (in_the_way) pause();
  try {
    next = bind(where, asked);
  } catch (const error& e) {
    if (in_the_way) go_on();
    std::vector<std::string> still;
    for (const auto& each : sockets_) still.push_back(to_text(each.where));
    say_.say(severity::error, fmt::format("{}; the report is {}", e.what(),
                                          still.empty() ? "not served" : fmt::format("still served on {}", fmt::join(still, ", "))));
    return;
  }
  close();
  asked_ = asked;
  sockets_ = std::move(next);
  directory_.reset();
  if (where.what == metrics_address::kind::runtime_directory) directory_ = find_runtime_directory();
  open();
}

bool report_desk::has_port_of(const metrics_address& where) const {
  if (where.what != metrics_address::kind::tcp) return false;
  return std::any_of(sockets_.begin(), sockets_.end(), [&](const auto& each) { return to_text(each.where).ends_with(":" + where.where.port); });
}

// Two sockets cannot listen on one port, whatever their addresses; one that does not listen keeps it for us meanwhile.
void report_desk::pause() {
  server_.reset();
  for (const auto& each : sockets_) ::shutdown(each.socket.get(), SHUT_RDWR);
}

void report_desk::go_on() {
  for (const auto& each : sockets_) ::listen(each.socket.get(), SOMAXCONN);
  serve();
}

void report_desk::look(const relay& running) {
  if (!server_) return;
  wanted_.clear();  // first: whoever asks from here on wakes us again
  if (asked_for_.exchange(false)) server_->answer(running.report());
}

void report_desk::close() {
  server_.reset();
  sockets_.clear();
}

}  // namespace logrelay
