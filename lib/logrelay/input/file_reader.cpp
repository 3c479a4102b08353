#include <logrelay/input/file_reader.hpp>

#include <logrelay/error.hpp>
#include <logrelay/util/thrown.hpp>
#include <logrelay/util/waiter.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

namespace logrelay {
namespace {

// There is nobody to be fair to on this thread.
constexpr std::size_t read_bytes = 128 * 1024;

bool is_regular(const fd& file) {
  struct stat what {};
  return ::fstat(file.get(), &what) == 0 && S_ISREG(what.st_mode);
}

}  // namespace

struct file_reader::state {
  state(reader& given, input& input, fd&& from, std::function<void()>&& end)
      : at(given), of(input), file(std::move(from)), regular(is_regular(file)), on_end(std::move(end)),
        framer(memory, of.rules(), of.source_for({}), at.handler(), of.counters) {}

  void run();
  void let_go();

  wake alarm;
  waiter wait{alarm};

 private:
  [[nodiscard]] std::size_t wait_for_room();
  [[nodiscard]] bool wait_for_bytes();
  [[nodiscard]] bool read_some(std::size_t room);
  void failed(const std::string& why);
  void end();

  // Of the owner: not to be touched without the lock, nor once it has let go.
  reader& at;
  input& of;
  std::mutex mutex;
  bool gone = false;
  bool reading = false;

  const fd file;
  const bool regular;
  const std::function<void()> on_end;
  block_pool pool;
  read_memory memory{pool};
  line_framer framer;
};

file_reader::file_reader(reader& at, input& of, fd file, std::function<void()> on_end)
    : state_(std::make_shared<state>(at, of, std::move(file), std::move(on_end))) {
  at.handler().add_waiter(state_->alarm);
  try {
    thread_ = std::thread([state = state_] { state->run(); });
  } catch (...) {
    state_->let_go();
    throw;
  }
}

file_reader::~file_reader() {
  stop();
  state_->let_go();
  thread_.detach();
}

void file_reader::stop() { state_->wait.stop(); }

void file_reader::state::run() {
  ::pthread_setname_np(::pthread_self(), "in:file");
  try {
    for (bool more = true; more;) {
      const std::size_t room = wait_for_room();
      more = room > 0 && wait_for_bytes() && read_some(room);
    }
  } catch (const std::exception& e) {
    const std::lock_guard lock(mutex);
    failed(reason_of(e));
  }
  end();
}

void file_reader::state::failed(const std::string& why) {
  if (gone) return;
  of.failed.store(true);
  at.say().say(severity::error, fmt::format("input '{}': unable to read: {}", of.name(), why));
}

// 0: asked to stop.
std::size_t file_reader::state::wait_for_room() {
  for (bool held = false; !wait.stopping();) {
    steady_time until;
    {
      const std::lock_guard lock(mutex);
      if (gone) return 0;
      auto answer = at.handler().room_for(of.index());
      if (answer.how_much.bytes == 0) {
        alarm.prepare_sleep();
        answer = at.handler().room_for(of.index());  // room may have come before we said that we sleep
      }
      if (answer.how_much.bytes > 0) {
        if (held) of.held.release(at.clock().now());
        return answer.how_much.bytes;
      }
      held = true;
      of.held.hold(answer.held_by, at.clock().now());
      until = answer.how_much.until;
    }
    wait.wait(-1, 0, until);
  }
  return 0;
}

// What is no regular file may have nothing for a long time, and a read of it would not hear that it should stop.
bool file_reader::state::wait_for_bytes() {
  while (!regular && !wait.stopping())
    if (wait.wait(file.get(), POLLIN, steady_time::max()) == waiter::event::ready) break;
  return !wait.stopping();
}

// False: that was all.
bool file_reader::state::read_some(std::size_t room) {
  std::span<char> space;
  {
    const std::lock_guard lock(mutex);
    if (gone) return false;
    space = framer.space(std::min(room, read_bytes));
    reading = true;
  }
  const ssize_t got = ::read(file.get(), space.data(), space.size());
  const int error_number = errno;
  const std::lock_guard lock(mutex);
  reading = false;
  if (gone) return false;
  if (got > 0) framer.commit(static_cast<std::size_t>(got), at.clock().wall());
  if (got >= 0) return got > 0;
  if (error_number == EINTR || error_number == EAGAIN) return true;
  failed(error_text(error_number));
  return false;
}

void file_reader::state::end() {
  const std::lock_guard lock(mutex);
  if (gone) return;
  gone = true;
  at.handler().remove_waiter(alarm);
  const auto unfinished = static_cast<off_t>(framer.unfinished_bytes());
  const bool put_back = regular && wait.stopping() && ::lseek(file.get(), -unfinished, SEEK_CUR) >= 0;
  if (!put_back) framer.finish(at.clock().wall());
  on_end();
}

// A read that goes on may still write behind what is unfinished, so that cannot be published then.
void file_reader::state::let_go() {
  const std::lock_guard lock(mutex);
  if (gone) return;
  gone = true;
  at.handler().remove_waiter(alarm);
  if (!reading && !regular) framer.finish(at.clock().wall());
}

}  // namespace logrelay
