#include <logrelay/output/exec_output.hpp>

#include <logrelay/config.hpp>
#include <logrelay/output/pipe_end.hpp>
#include <logrelay/shared_rows.hpp>
#include <logrelay/util/child.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include <cerrno>
#include <optional>

namespace logrelay {
namespace {

constexpr option_row rows[] = {overflow_row("block")};

class exec_output final : public output {
 public:
  explicit exec_output(std::string command) : command_(std::move(command)) {}

  result open(waiter&) override {
    if (running_ && !running_->ended()) return {outcome::retry, gone()};  // never a second one beside it
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return {outcome::retry, fmt::format("unable to make a pipe: {}", error_text(errno))};
    const fd theirs(ends[0]);
    pipe_.reset(ends[1]);
    ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);  // ours alone: the two ends are two descriptions
    try {
      running_.emplace(command_, theirs);
    } catch (const error& e) {
      return {outcome::retry, e.what()};
    }
    return {};
  }

  write_result write(const outgoing& lines) override {
    auto how = write_pipe(pipe_, lines);
    if (how.what == outcome::retry) how.why = gone();
    return how;
  }

  interest writable() const override { return {pipe_.get(), POLLOUT}; }
  std::uint64_t unacked() override { return unread_bytes(pipe_); }
  interest idle() const override { return {pipe_.get(), 0}; }  // POLLERR comes unasked
  // One that wants nothing more, and works on, is told of when there is a line for it.
  result idle_event() override {
    auto why = gone();
    return {running_ ? outcome::rest : outcome::retry, std::move(why)};
  }

  result finish(waiter& wait) override {
    pipe_.reset();
    if (!running_) return {};
    const auto status = running_->wait(wait);
    running_.reset();
    return {outcome::done, !status ? fmt::format("'{}' still runs", command_)
                           : *status != 0 ? fmt::format("'{}' {}", command_, describe_end(*status)) : std::string()};
  }

  void close(std::size_t) noexcept override { pipe_.reset(); }

 private:
  // A process closes its descriptors a little before it can be waited for.
  std::string gone() {
    constexpr std::chrono::milliseconds moment{200};
    const auto status = running_ ? running_->ended(moment) : std::nullopt;
    if (!status) return fmt::format("'{}' has closed its input, and still runs", command_);
    running_.reset();
    return fmt::format("'{}' {}", command_, describe_end(*status));
  }

  const std::string command_;
  fd pipe_;
  std::optional<child> running_;
};

void check(const output_config& config, mistakes& wrong) {
  if (config.where.rest.empty())
    wrong.add(fmt::format("output '{}': exec: needs a command, like 'exec:gzip > app.log.gz'", config.name));
}

}  // namespace

const output_kind exec_output_kind{"exec", "exec:COMMAND", "the standard input of a command, run by sh -c", rows, check,
                                   [](const output_config& config) -> std::unique_ptr<output> {
                                     return std::make_unique<exec_output>(config.where.rest);
                                   }};

}  // namespace logrelay
