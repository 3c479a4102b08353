#include <support/eventually.hpp>
#include <support/lines.hpp>
#include <support/relp.hpp>

#include <logrelay/error.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>

namespace logrelay::support {

std::vector<relp_frame> take_relp_frames(std::string& text) {
  std::vector<relp_frame> all;
  relp_frame one;
  relp_parser parser;
  std::size_t whole = 0;
  for (std::string_view rest = text;;) {
    const auto piece = parser.next(rest);
    switch (piece.what) {
      case relp_parser::found::nothing: return text.erase(0, whole), all;
      case relp_parser::found::malformed: throw error(std::string("no RELP: ") + parser.why());
      case relp_parser::found::command: one = {parser.number(), std::string(parser.command()), {}}; break;
      case relp_parser::found::length: break;
      case relp_parser::found::data: one.data.append(piece.bytes); break;
      case relp_parser::found::end:
        all.push_back(one);
        whole = text.size() - rest.size();
        break;
    }
  }
}

relp_client relp_client::opened(std::uint16_t port) {
  relp_client made(connected_tcp(port));
  made.send("open", relp_offers());
  if (made.answers(1).empty()) throw error("the session is not opened");
  made.answers_.clear();
  return made;
}

void relp_client::send(std::string_view lines) {
  std::string frames;
  for (const auto& line : split_lines(lines)) {
    append_relp_frame(number_, "syslog", line, frames);
    number_ = next_relp_number(number_);
  }
  send_bytes(frames);
}

void relp_client::send(std::string_view command, std::string_view data) {
  std::string frame;
  append_relp_frame(number_, command, data, frame);
  number_ = next_relp_number(number_);
  send_bytes(frame);
}

void relp_client::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd now{socket_.get(), POLLIN | POLLOUT, 0};
    ::poll(&now, 1, -1);
    if ((now.revents & POLLIN) != 0) receive(0);
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN) throw error("the server has gone");
  }
}

bool relp_client::receive(int timeout) {
  pollfd now{socket_.get(), POLLIN, 0};
  if (::poll(&now, 1, timeout) != 1) return false;
  std::array<char, 16 * 1024> bytes;
  const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN)) gone_ = true;
  if (got <= 0) return false;
  text_.append(bytes.data(), static_cast<std::size_t>(got));
  for (auto& each : take_relp_frames(text_)) answers_.push_back(std::move(each));
  return true;
}

const std::vector<relp_frame>& relp_client::answers(std::size_t count) {
  static_cast<void>(eventually([&] {
    while (receive(0)) {}
    return gone_ || answers_.size() >= count;
  }));
  return answers_;
}

bool relp_client::is_let_go() {
  return eventually([&] {
    while (receive(0)) {}
    return gone_;
  });
}

struct relp_server::connection {
  fd socket;
  std::string text, unsent;
  std::vector<relp_frame> waiting;  // for an answer
  std::uint64_t lines = 0;
  bool behaves = true;
};

relp_server::relp_server(behaviour how) : how_(std::move(how)), listener_(bound_tcp()), reads_(how_.reads), answers_(how_.answers) {
  listen_on(listener_);
  thread_ = std::thread([this] { serve(); });
}

relp_server::~relp_server() {
  stopping_ = true;
  thread_.join();
}

std::vector<std::string> relp_server::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::string relp_server::text() const {
  std::string all;
  for (const auto& each : lines()) all += each + '\n';
  return all;
}

// It looks every few milliseconds: what tests change is seen soon enough.
void relp_server::serve() {
  std::list<connection> all;
  while (!stopping_) {
    std::vector<pollfd> now{{listener_.get(), POLLIN, 0}};
    for (const auto& each : all)
      now.push_back({each.socket.get(), static_cast<short>((reads_ ? POLLIN : 0) | (each.unsent.empty() ? 0 : POLLOUT)), 0});
    ::poll(now.data(), now.size(), 5);
    if ((now[0].revents & POLLIN) != 0) {
      fd taken(::accept(listener_.get(), nullptr, nullptr));
      if (taken) all.push_back({std::move(taken), {}, {}, {}, 0, accepted_ < how_.connections}), ++accepted_;
    }
    const bool hints = hints_.exchange(false);
    for (auto it = all.begin(); it != all.end();) {
      if (hints) append_relp_frame(0, "serverclose", {}, it->unsent);
      const bool stays = !reads_ || serve(*it);
      it = stays && !hints ? std::next(it) : all.erase(it);
    }
  }
}

// False: it is closed.
bool relp_server::serve(connection& one) {
  std::array<char, 64 * 1024> bytes;
  bool open = true;
  for (;;) {
    const ssize_t got = ::recv(one.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) open = false;
    if (got <= 0) break;
    one.text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  for (auto& each : take_relp_frames(one.text)) {
    if (each.command == "open") append_relp_frame(each.number, "rsp", "200 OK\n" + how_.offers, one.unsent);
    if (each.command == "close") append_relp_frame(each.number, "rsp", "200 OK", one.unsent), ++closes_;
    if (each.command != "syslog") continue;
    if (one.behaves && one.lines == how_.close_after) break;
    ++one.lines;
    const std::lock_guard lock(mutex_);
    lines_.push_back(each.data);
    one.waiting.push_back(std::move(each));
  }
  most_waiting_ = std::max<std::size_t>(most_waiting_, one.waiting.size());
  const bool closes = one.behaves && one.lines == how_.close_after;
  if (closes) one.waiting.resize(one.waiting.size() - std::min<std::size_t>(one.waiting.size(), how_.unanswered));
  if (answers_) {
    if (how_.backwards) std::reverse(one.waiting.begin(), one.waiting.end());
    for (const auto& each : one.waiting) append_relp_frame(each.number, "rsp", how_.answer(each.data), one.unsent);
    one.waiting.clear();
  }
  while (!one.unsent.empty()) {
    const ssize_t sent = ::send(one.socket.get(), one.unsent.data(), one.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) break;
    one.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  return open && !closes;
}

}  // namespace logrelay::support
