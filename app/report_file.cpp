#include "report_file.hpp"

#include <logrelay/error.hpp>
#include <logrelay/util/fd.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unistd.h>

namespace logrelay {
namespace {

// Who asked for a report will read it: a moment for a full pipe is worth it, more is not. A file is never full.
constexpr int patience_ms = 1000;

// Waits for what can be waited for; a file always can be written to. Returns an errno or 0.
int write_to(int descriptor, std::string_view text) {
  while (!text.empty()) {
    pollfd ready{descriptor, POLLOUT, 0};
    if (::poll(&ready, 1, patience_ms) != 1) return ETIMEDOUT;
    const auto n = ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), 4096));
    if (n < 0 && errno != EINTR && errno != EAGAIN) return errno;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

// What is no regular file (a pipe, a terminal) is written to, and so is what only leads to one of our descriptors
// (/dev/stdout, /proc/self/fd/3). A file is replaced as a whole; a link to one stays.
std::optional<std::string> to_replace(const std::string& path) {
  for (const std::string_view ours : {"/dev/std", "/dev/fd/", "/proc/"})
    if (path.starts_with(ours)) return {};
  std::error_code ec;
  const auto as_written = std::filesystem::absolute(path, ec);
  auto file = std::filesystem::weakly_canonical(as_written, ec);
  if (ec) file = as_written;  // it was removed this very moment
  const auto what = std::filesystem::status(file, ec).type();
  if (what == std::filesystem::file_type::regular || what == std::filesystem::file_type::not_found)
    return file.string();
  return {};
}

}  // namespace

report_file::report_file(std::string path, messages& say) : path_(std::move(path)), say_(say) {
  if (path_.empty() || path_ == "-") return;
  const auto file = to_replace(path_);
  if (::access(file ? std::filesystem::path(*file).parent_path().c_str() : path_.c_str(), W_OK) != 0)
    throw system_error("write the report " + path_, errno);
}

void report_file::write(const relay_report& report, bool asked) {
  if (path_.empty() && !asked) return;
  const auto text = to_json(report, LOGRELAY_VERSION) + "\n";
  const auto failed = [&](int error_number) {
    if (error_number != 0)
      say_.say(severity::error, fmt::format("unable to write the report {}: {}", path_, error_text(error_number)));
  };
  if (path_.empty() || path_ == "-") return static_cast<void>(write_to(STDERR_FILENO, text));

  const auto file = to_replace(path_);
  const auto target = file ? fmt::format("{}.{}", *file, ::getpid()) : path_;
  const int how = file ? O_CREAT | O_TRUNC : O_APPEND | O_NONBLOCK;
  const fd descriptor(::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | how, 0666));
  if (!descriptor) return failed(errno);
  int error_number = write_to(descriptor.get(), text);
  if (file && error_number == 0 && ::rename(target.c_str(), file->c_str()) != 0) error_number = errno;
  if (file && error_number != 0) ::unlink(target.c_str());
  failed(error_number);
}

}  // namespace logrelay
