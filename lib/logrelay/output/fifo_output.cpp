#include <logrelay/output/fifo_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/output/pipe_end.hpp>
#include <logrelay/shared_rows.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>

namespace logrelay {
namespace {

constexpr option_row rows[] = {overflow_row("block"), fifo_mode_row};

class fifo_output final : public output {
 public:
  fifo_output(std::string path, unsigned mode) : path_(std::move(path)), mode_(mode) {}

  void prepare() override {
    made_ = ::mkfifo(path_.c_str(), mode_) == 0;
    if (!made_ && errno != EEXIST) throw system_error("make the FIFO " + path_, errno);
    if (made_) ::chmod(path_.c_str(), mode_);  // whatever the umask says
    struct stat there {};
    if (::stat(path_.c_str(), &there) != 0) throw system_error("open " + path_, errno);
    if (!S_ISFIFO(there.st_mode)) throw error(fmt::format("unable to open {0} as a FIFO: it is none; write a file as {0}", path_));
    if (::access(path_.c_str(), W_OK) != 0) throw system_error("open " + path_, errno);
  }

  void unprepare() noexcept override {
    if (std::exchange(made_, false)) ::unlink(path_.c_str());
  }

  void give_to(uid_t user, gid_t group) override {
    if (made_) static_cast<void>(::lchown(path_.c_str(), user, group));
  }

  bool keeps_place() const override { return true; }

  result open(waiter&) override {
    if (!pipe_) pipe_.reset(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (pipe_) return {};
    return {outcome::retry, errno == ENXIO ? nobody_reads() : fmt::format("unable to open {}: {}", path_, error_text(errno))};
  }

  write_result write(const outgoing& lines) override {
    auto how = write_pipe(pipe_, lines);
    if (how.what != outcome::retry) return how;
    if (is_another()) return {0, outcome::rest};  // what the old one's reader has not read goes to the new one
    how.why = how.why.empty() ? nobody_reads() : fmt::format("unable to write {}: {}", path_, how.why);
    return how;
  }

  interest writable() const override { return {pipe_.get(), POLLOUT}; }
  std::uint64_t unacked() override { return unread_bytes(pipe_); }
  void close(std::size_t) noexcept override { pipe_.reset(); }

 private:
  [[nodiscard]] std::string nobody_reads() const { return fmt::format("nobody reads {}", path_); }
  // Whether somebody has put another FIFO in the place of ours.
  [[nodiscard]] bool is_another() const {
    struct stat ours {}, there {};
    return ::fstat(pipe_.get(), &ours) == 0 && ::stat(path_.c_str(), &there) == 0 && S_ISFIFO(there.st_mode) &&
           (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino);
  }

  const std::string path_;
  const unsigned mode_;
  bool made_ = false;
  fd pipe_;
};

void check(const output_config& config, mistakes& wrong) {
  if (config.where.rest.empty()) wrong.add(fmt::format("output '{}': a FIFO needs a path, like fifo:/run/app.fifo", config.name));
}

}  // namespace

const output_kind fifo_output_kind{
    "fifo", "fifo:PATH", "a named pipe, made where there is none", rows, check,
    [](const output_config& config) -> std::unique_ptr<output> {
      return std::make_unique<fifo_output>(config.where.rest, config.options.mode("mode"));
    }};

}  // namespace logrelay
