#include <support/process.hpp>

#include <support/collector.hpp>
#include <support/ports.hpp>

#include <logrelay/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace logrelay::support {
namespace {

/// Above all that the process will use, so that moving one descriptor never overwrites another that is still to move.
constexpr int parked = 200;

fd opened(int number, const std::string& what) {
  if (number < 0) throw system_error(what, errno);
  return fd(number);
}

fd park(int number) {
  return opened(::fcntl(number, F_DUPFD_CLOEXEC, parked), "duplicate descriptor " + std::to_string(number));
}

std::pair<fd, fd> made_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) throw system_error("make a pipe", errno);
  return {fd(ends[0]), fd(ends[1])};
}

/// What posix_spawn does to the new process's descriptors.
class descriptor_plan {
 public:
  descriptor_plan() { ::posix_spawn_file_actions_init(&actions_); }
  descriptor_plan(const descriptor_plan&) = delete;
  descriptor_plan& operator=(const descriptor_plan&) = delete;
  ~descriptor_plan() { ::posix_spawn_file_actions_destroy(&actions_); }

  void give(int number, int ours) {
    parked_.push_back(park(ours));
    ::posix_spawn_file_actions_adddup2(&actions_, parked_.back().get(), number);
    highest_ = std::max(highest_, number);
  }
  /// Returns our end, where there is one.
  fd give(int number, const stream& stream) {
    switch (stream.what()) {
      case stream::kind::inherited:
        return {};
      case stream::kind::closed:
        ::posix_spawn_file_actions_addclose(&actions_, number);
        return {};
      case stream::kind::descriptor:
        give(number, stream.number());
        return {};
      case stream::kind::null:
        return give_opened(number, "/dev/null", O_RDWR);
      case stream::kind::file:
        return give_opened(number, stream.path(), number == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC);
      case stream::kind::pipe:
      case stream::kind::collected:
        break;
    }
    auto [reading, writing] = made_pipe();
    give(number, number == 0 ? reading.get() : writing.get());
    return number == 0 ? std::move(writing) : std::move(reading);
  }
  pid_t spawn(const std::vector<std::string>& argv, const process_options& options);

 private:
  fd give_opened(int number, const std::string& path, int flags) {
    const auto file = opened(::open(path.c_str(), flags | O_CLOEXEC, 0644), "open " + path);
    give(number, file.get());
    return {};
  }

  posix_spawn_file_actions_t actions_{};
  std::vector<fd> parked_;
  int highest_ = 2;
};

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

pid_t descriptor_plan::spawn(const std::vector<std::string>& argv, const process_options& options) {
  for (const auto& [theirs, ours] : options.descriptors) give(theirs, ours);
  ::posix_spawn_file_actions_addclosefrom_np(&actions_, highest_ + 1);
  if (!options.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions_, options.folder.c_str());

  posix_spawnattr_t attributes{};
  ::posix_spawnattr_init(&attributes);
  sigset_t none{}, all{};
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  auto words = argv;
  auto environment = merged_environment(options.environment);
  pid_t id = 0;
  const int failed = ::posix_spawnp(&id, argv.at(0).c_str(), &actions_, &attributes, pointers(words).data(),
                                    pointers(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  if (failed) throw system_error("start " + argv.at(0), failed);
  return id;
}

/// A figure of /proc/PID/status that is given in kB.
std::uint64_t status_bytes(pid_t id, std::string_view field) {
  std::ifstream lines("/proc/" + std::to_string(id) + "/status");
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with(field)) return std::stoull(line.substr(field.size() + 1)) * 1024;
  }
  return 0;
}

std::chrono::microseconds duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

template <typename Ports>
std::uint16_t one_port(Ports ports, const char* kind) {
  std::vector<std::uint16_t> found;
  if (!eventually([&] { return !(found = ports()).empty(); }))
    throw error(std::string("no ") + kind + " port was opened");
  return found.front();
}

}  // namespace

struct process::state {
  pid_t id = 0;
  fd handle;
  fd input;
  std::unique_ptr<support::collector> collector;
  std::optional<exit_status> status;
};

process::process(const std::vector<std::string>& argv, process_options options) : state_(std::make_unique<state>()) {
  ::signal(SIGPIPE, SIG_IGN);  // a process that ends before its input does must not end the test
  descriptor_plan plan;
  state_->input = plan.give(0, options.input);
  auto output = plan.give(1, options.output);
  auto errors = plan.give(2, options.error);
  state_->id = plan.spawn(argv, options);
  state_->handle = opened(static_cast<int>(::syscall(SYS_pidfd_open, state_->id, 0)), "watch " + argv.at(0));
  state_->collector = std::make_unique<collector>(std::move(output), std::move(errors));
}

process::process(process&&) noexcept = default;

process& process::operator=(process&& other) noexcept {
  process ended(std::move(*this));  // what ran here ends first
  state_ = std::move(other.state_);
  return *this;
}

process::~process() {
  if (!state_) return;
  // Reaped only here: until then nobody else can have its number, or its group's.
  ::kill(-state_->id, SIGKILL);
  ::waitpid(state_->id, nullptr, 0);
}

pid_t process::id() const { return state_->id; }
void process::send(int signal) const { ::kill(state_->id, signal); }

bool process::running() const {
  pollfd ended{state_->handle.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

std::optional<exit_status> process::wait(std::chrono::milliseconds limit) {
  if (state_->status) return state_->status;
  pollfd ended{state_->handle.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(limit.count())) <= 0) return std::nullopt;
  siginfo_t info{};
  rusage usage{};
  // The system call, for the usage that waitid(3) does not hand on; it leaves the process to be reaped.
  if (::syscall(SYS_waitid, P_PID, state_->id, &info, WEXITED | WNOWAIT, &usage) < 0)
    throw system_error("wait for a process", errno);
  exit_status status;
  (info.si_code == CLD_EXITED ? status.code : status.signal) = info.si_status;
  status.cpu = duration_of(usage.ru_utime) + duration_of(usage.ru_stime);
  state_->collector->settle(patience);
  state_->status = status;
  return status;
}

int process::status(std::chrono::milliseconds limit) {
  const auto ended = wait(limit);
  if (!ended) throw error("the process did not end in time; it said: " + errors());
  return ended->code ? *ended->code : 128 + *ended->signal;
}

int process::input() const { return state_->input.get(); }
void process::close_input() { state_->input.reset(); }

void process::write(std::string_view text) const {
  const auto end = state_->input.get();
  ::fcntl(end, F_SETFL, O_NONBLOCK);  // our end of the pipe only: each end has its own flags
  while (!text.empty()) {
    const auto n = ::write(end, text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd room{end, POLLOUT, 0};
      if (::poll(&room, 1, static_cast<int>(patience.count())) == 0) throw error("the process takes no more input");
    } else if (errno != EINTR) {
      throw system_error("write to the process", errno);
    }
  }
}

std::string process::output() const { return state_->collector->text(0); }
std::string process::errors() const { return state_->collector->text(1); }
std::uint64_t process::resident_bytes() const { return status_bytes(state_->id, "VmRSS:"); }
std::uint64_t process::peak_resident_bytes() const { return status_bytes(state_->id, "VmHWM:"); }
std::vector<std::uint16_t> process::tcp_ports() const { return listening_tcp_ports(state_->id); }
std::vector<std::uint16_t> process::udp_ports() const { return bound_udp_ports(state_->id); }
std::uint16_t process::tcp_port() const {
  return one_port([this] { return tcp_ports(); }, "tcp");
}
std::uint16_t process::udp_port() const {
  return one_port([this] { return udp_ports(); }, "udp");
}

run_result run(const std::vector<std::string>& argv, process_options options, std::chrono::milliseconds limit) {
  process program(argv, std::move(options));
  program.close_input();
  const int status = program.status(limit);
  return {status, program.output(), program.errors()};
}

bool has(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    if (::access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace logrelay::support
