#include <logrelay/input/command_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/stream_input.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace logrelay {
namespace {

class command_input final : public stream_input {
 public:
  explicit command_input(const input_config& config) : stream_input(config) { stream_ = config.where.scheme; }

  void prepare() override {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("make a pipe", errno);
    from_.reset(ends[0]);
    to_.reset(ends[1]);
    ::fcntl(from_.get(), F_SETFL, O_NONBLOCK);  // ours alone: the two ends are two descriptions
    enlarge(from_);
  }

  fd writing_end() override { return std::move(to_); }

  void start(reader& at) override {
    reader_ = &at;
    read_stream(at, std::move(from_), read_manner::nonblocking, {});
  }

  // The command has been told too: what it still has to say is read to its end.
  void stop(stop_kind) noexcept override { owe_what_is_ready(); }

 protected:
  void stream_ended() override { reader_->ended(*this); }

 private:
  fd from_, to_;
  reader* reader_ = nullptr;
};

void check(const input_config& config, mistakes& wrong) {
  if (!config.where.rest.empty()) wrong.add(fmt::format("input '{}': '{}:' takes nothing behind the colon", config.name, config.where.scheme));
}

std::unique_ptr<input> make(const input_config& config) { return std::make_unique<command_input>(config); }

constexpr option_row stderr_rows[] = {
    {.name = "default-level", .type = option_type::choice, .fallback = "err", .help = "The level of lines that carry none.",
     .choices = level_choices},
};

}  // namespace

const input_kind stdout_input_kind{"stdout", "stdout:", "what COMMAND writes to its standard output", {}, check, make};
const input_kind stderr_input_kind{"stderr", "stderr:", "what COMMAND writes to its standard error", stderr_rows, check, make};

bool reads_command(const input_config& config) { return config.where.scheme == "stdout" || config.where.scheme == "stderr"; }

}  // namespace logrelay
