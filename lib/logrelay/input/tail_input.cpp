#include <logrelay/input/tail_input.hpp>

#include <logrelay/config.hpp>
#include <logrelay/input/tail/followed_files.hpp>
#include <logrelay/input/tail/follower.hpp>
#include <logrelay/util/crc32c.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace logrelay {
namespace {

std::string variable(const char* name) {
  const char* const text = std::getenv(name);
  return text ? text : "";
}

// systemd.exec(5) gives several folders with colons between them.
std::string state_folder() {
  if (const auto given = variable("STATE_DIRECTORY"); !given.empty()) return given.substr(0, given.find(':'));
  if (const auto given = variable("XDG_STATE_HOME"); !given.empty()) return given + "/logrelay";
  const auto home = variable("HOME");
  return home.empty() ? "" : home + "/.local/state/logrelay";
}

std::string absolute(const std::string& pattern) {
  std::error_code ec;
  const auto path = std::filesystem::absolute(pattern, ec);
  return ec ? pattern : path.lexically_normal().string();
}

// Of what is followed, so that another command line for the same files goes on where this one stopped.
std::string checkpoint_path(const input_config& config) {
  if (config.options.given("checkpoint")) return config.options.text("checkpoint");
  const auto folder = state_folder();
  if (folder.empty()) return {};
  const auto pattern = absolute(config.where.rest);
  auto name = std::filesystem::path(pattern).filename().string().substr(0, 64);
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '*' || c == '?' || c == '['  || c == ']' || c <= ' '; }, '_');
  return fmt::format("{}/{}-{:08x}.tail", folder, name, crc32c(pattern));
}

class tail_input final : public input {
 public:
  explicit tail_input(const input_config& config) : input(config), checkpoint_path_(checkpoint_path(config)) {
    rules_.pattern = absolute(config.where.rest);
    rules_.from_end = config.options.text("start") == "end";
    rules_.linger = config.options.duration("linger");
    rules_.most_files = config.options.count("max-files");
    local_ = true;
  }

  void expect_successor() override { has_successor_.store(true); }
  // With another checkpoint too: the files are what is read of them, wherever that is noted.
  void take_over(input& before) override {
    auto* const other = dynamic_cast<tail_input*>(&before);
    if (!other || !other->follower_ || !other->follower_->left() || before_.files) return;
    const bool has_checkpoint = other->checkpoint_path_ == checkpoint_path_;
    if (!has_checkpoint && other->rules_.pattern != rules_.pattern) return;
    before_ = other->follower_->hand_over();
    if (!has_checkpoint) before_.checkpoint.reset();
  }
  void prepare() override {
    watching_.emplace();
    const bool taken_over = before_.checkpoint != nullptr;
    checkpoint_ = taken_over ? std::move(before_.checkpoint) : std::make_unique<checkpoint_file>(checkpoint_path_);
    made_ = !taken_over && checkpoint_->is_new();
  }
  // Its follower may have it, and be writing.
  void unprepare() noexcept override {
    if (follower_) follower_->abandon();
    follower_.reset();
    checkpoint_.reset();
    if (std::exchange(made_, false)) ::unlink(checkpoint_path_.c_str());
  }

  void start(reader& at) override {
    auto on_end = [this, &at] { at.post([this, &at] { at.ended(*this); }); };
    follower_ = std::make_unique<follower>(at, *this, rules_, std::move(*watching_), std::move(checkpoint_), std::move(before_.files),
                                           std::move(on_end));
  }
  void stop(stop_kind) noexcept override {
    if (!follower_) return;
    if (has_successor_.load()) follower_->keep_open();
    follower_->stop();
  }
  void give_up() noexcept override {
    if (!follower_) return;
    follower_->stop();
    follower_->silence();
  }
  void leave(std::function<void()> on_left) override {
    if (follower_) follower_->leave(std::move(on_left));
  }
  bool left() const override { return !follower_ || follower_->left(); }

 private:
  tail_rules rules_;
  const std::string checkpoint_path_;
  std::optional<watches> watching_;
  follower::legacy before_;
  std::unique_ptr<checkpoint_file> checkpoint_;
  bool made_ = false;  // the checkpoint, and not taken over
  std::atomic<bool> has_successor_{false};
  std::unique_ptr<follower> follower_;
};

constexpr option_row rows[] = {
    {.name = "start", .type = option_type::choice, .fallback = "beginning",
     .help = "Where files are read from that are there at the first start, when there is no checkpoint; later ones from their beginning.",
     .choices = "beginning|end"},
    {.name = "checkpoint", .type = option_type::text, .fallback = "",
     .help = "The file that keeps up to where lines are settled; by default one in $STATE_DIRECTORY, else in $XDG_STATE_HOME/logrelay.",
     .value_name = "FILE"},
    {.name = "linger", .type = option_type::duration, .fallback = "5s",
     .help = "For how long a file that was renamed or deleted is still read after its last line, for a writer that does not know yet."},
    {.name = "max-files", .type = option_type::count, .fallback = "1024", .help = "How many files are open at once; others wait until one is done.",
     .least = "1", .most = "1000000"},
};

void check(const input_config& config, mistakes& wrong) {
  const auto whose = fmt::format("input '{}'", config.name);
  if (config.where.rest.empty() || config.where.rest.ends_with('/'))
    wrong.add(whose + ": tail: needs the path of a file, or a pattern of paths, like tail:/var/log/app/*.log");
  else if (checkpoint_path(config).empty())
    wrong.add(whose + ": there is no place for its checkpoint, since neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set: give 'checkpoint'");
}

}  // namespace

const input_kind tail_input_kind{"tail", "tail:PATH|GLOB", "what is written to files, through their rotation", rows, check,
                                 [](const input_config& config) -> std::unique_ptr<input> { return std::make_unique<tail_input>(config); }};

}  // namespace logrelay
