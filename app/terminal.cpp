#include "terminal.hpp"

#include <logrelay/error.hpp>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

namespace logrelay {
namespace {

// Another screen, without a cursor and without wrapping; and back.
constexpr std::string_view enter_text = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J", leave_text = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

termios as_it_was;
volatile std::sig_atomic_t entered = 0;

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Only what a handler of signals may do.
void restore() {
  if (entered == 0) return;
  entered = 0;
  write_all(leave_text);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
}

void enter() {
  termios bare = as_it_was;
  bare.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  bare.c_cc[VMIN] = 1;
  bare.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &bare);
  entered = 1;
  write_all(enter_text);
}

extern "C" void crashed(int signal) {
  restore();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

terminal::terminal() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &as_it_was) != 0)
    throw error("standard input and output are no terminal: 'logrelayctl top --once' prints one frame");
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP}) ::sigaddset(&ours, each);
  ::sigprocmask(SIG_BLOCK, &ours, nullptr);
  signals_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw system_error("make a signalfd", errno);
  for (const int each : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::signal(each, crashed);
  enter();
}

terminal::~terminal() { restore(); }

terminal::size terminal::screen() const {
  winsize now{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) != 0 || now.ws_col == 0 || now.ws_row == 0) return {80, 24};
  return {now.ws_col, now.ws_row};
}

// In one write, over what is there: nothing flickers.
void terminal::show(const std::vector<std::string>& lines) const {
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) text += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  write_all(text + "\x1b[J");
}

terminal::event terminal::wait(std::chrono::milliseconds limit, char& key) {
  pollfd all[2] = {{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  if (::poll(all, 2, static_cast<int>(limit.count())) <= 0) return event::nothing;
  signalfd_siginfo info;
  if (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGWINCH) return event::resized;
    if (info.ssi_signo != SIGTSTP) return event::end;
    restore();
    ::raise(SIGSTOP);
    enter();
    return event::resized;
  }
  if (all[0].revents == 0) return event::nothing;
  return ::read(STDIN_FILENO, &key, 1) == 1 ? event::key : event::end;
}

}  // namespace logrelay
