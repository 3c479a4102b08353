#include "report_file.hpp"

#include <logrelay/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <unistd.h>

namespace logrelay {
namespace {

// Who asked for a report on stderr will read it: a moment for a full pipe is worth it, more is not.
constexpr int stderr_patience_ms = 1000;

void write_to(int descriptor, std::string_view text, int patience_ms) {
  while (!text.empty()) {
    pollfd ready{descriptor, POLLOUT, 0};
    if (patience_ms >= 0 && ::poll(&ready, 1, patience_ms) != 1) return;
    const auto n = ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), 4096));
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

report_file::report_file(std::string path, messages& say) : path_(std::move(path)), say_(say) {
  if (path_.empty() || path_ == "-") return;
  const auto slash = path_.rfind('/');
  const auto folder = slash == std::string::npos ? std::string(".") : path_.substr(0, slash + 1);
  if (::access(folder.c_str(), W_OK) != 0) throw system_error("write the report " + path_, errno);
}

void report_file::write(const relay_report& report, bool asked) {
  if (path_.empty() && !asked) return;
  const auto text = to_json(report, LOGRELAY_VERSION) + "\n";
  if (path_.empty() || path_ == "-") return write_to(STDERR_FILENO, text, stderr_patience_ms);

  // What is no regular file (a pipe, /dev/stdout) is written to; a file is replaced as a whole.
  struct stat there {};
  const bool replace = ::stat(path_.c_str(), &there) != 0 || S_ISREG(there.st_mode);
  const auto target = replace ? fmt::format("{}.{}", path_, ::getpid()) : path_;
  const int descriptor = ::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (replace ? O_TRUNC : 0), 0666);
  if (descriptor < 0) return say_.say(severity::error, fmt::format("unable to write the report {}: {}", path_, error_text(errno)));
  write_to(descriptor, text, replace ? -1 : stderr_patience_ms);
  ::close(descriptor);
  if (replace && ::rename(target.c_str(), path_.c_str()) != 0)
    say_.say(severity::error, fmt::format("unable to write the report {}: {}", path_, error_text(errno)));
}

}  // namespace logrelay
