#include <logrelay/output/descriptor_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/shared_rows.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <climits>

namespace logrelay {
namespace {

constexpr option_row rows[] = {overflow_row("block")};

int number_of(const output_config& config) { return written_descriptor(config.where).value_or(-1); }

void check(const output_config& config, mistakes& wrong) {
  if (config.where.scheme != "fd" && !config.where.rest.empty())
    wrong.add(fmt::format("output '{}': '{}' takes nothing behind it", config.name, config.where.scheme));
  if (config.where.scheme == "fd" && number_of(config) < 0)
    wrong.add(fmt::format("output '{}': 'fd:' takes the number of an open descriptor, like fd:3", config.name));
}

std::unique_ptr<output> make(const output_config& config) {
  return std::make_unique<descriptor_output>(number_of(config), !config.in_program);
}

}  // namespace

const output_kind stdout_output_kind{"-", "-", "standard output", rows, check, make};
const output_kind stderr_output_kind{"stderr", "stderr:", "standard error", rows, check, make};
const output_kind fd_output_kind{"fd", "fd:N", "an inherited descriptor", rows, check, make};

void descriptor_output::prepare() {
  kind_ = kind_of(number_);
  const int access = ::fcntl(number_, F_GETFL) & O_ACCMODE;
  if (kind_ == descriptor_kind::closed || access == O_RDONLY)
    throw error(fmt::format("unable to write to descriptor {}: {}", number_, error_text(EBADF)));
  if (kind_ == descriptor_kind::pipe || kind_ == descriptor_kind::terminal) ours_ = open_anew(number_, O_WRONLY);
  shared_ = !ours_;
  // The inherited one stays as it is: messages go to stderr, and what a command of ours writes goes to stdout.
  if (shared_) ours_ = fd(::fcntl(number_, F_DUPFD_CLOEXEC, 3));
  if (!ours_) throw system_error(fmt::format("write to descriptor {}", number_), errno);
}

ssize_t descriptor_output::write_some(const outgoing& lines) const {
  const auto pieces = lines.pieces();
  if (kind_ == descriptor_kind::socket) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    return ::sendmsg(ours_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (shared_ && (kind_ == descriptor_kind::pipe || kind_ == descriptor_kind::terminal)) {
    // It may block, but not for PIPE_BUF bytes when it says that it takes something.
    pollfd now{ours_.get(), POLLOUT, 0};
    if (::poll(&now, 1, 0) <= 0) return errno = EAGAIN, -1;
    return ::write(ours_.get(), pieces[0].iov_base, std::min<std::size_t>(pieces[0].iov_len, PIPE_BUF));
  }
  return ::writev(ours_.get(), pieces.data(), static_cast<int>(pieces.size()));
}

write_result descriptor_output::write(const outgoing& lines) {
  const ssize_t written = write_some(lines);
  if (written >= 0) return {static_cast<std::size_t>(written)};
  if (errno == EAGAIN || errno == EINTR) return {};
  auto why = fmt::format("unable to write to descriptor {}: {}", number_, error_text(errno));
  const bool hung_up = kind_ == descriptor_kind::terminal && errno == EIO;
  if (errno == EPIPE || errno == ECONNRESET || hung_up) return {0, outcome::end, std::move(why)};
  return {0, outcome::retry, std::move(why)};
}

interest descriptor_output::writable() const {
  if (kind_ == descriptor_kind::regular || kind_ == descriptor_kind::other) return {};
  return {ours_.get(), POLLOUT};
}

// A pipe without a reader says POLLERR unasked.
interest descriptor_output::idle() const {
  return kind_ == descriptor_kind::pipe ? interest{ours_.get(), 0} : interest{};
}

result descriptor_output::idle_event() {
  return {outcome::end, fmt::format("unable to write to descriptor {}: {}", number_, error_text(EPIPE))};
}

// Who reads sees the end now, though other outputs may still be busy. Until now commands that we run had it too, and
// our messages still go to stderr.
void descriptor_output::close(std::size_t) noexcept {
  ours_.reset();
  if (retires_) retire(number_, O_WRONLY);
}

}  // namespace logrelay
