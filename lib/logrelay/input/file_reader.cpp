#include <logrelay/input/file_reader.hpp>

#include <logrelay/error.hpp>

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>

namespace logrelay {
namespace {

// There is nobody to be fair to on this thread.
constexpr std::size_t read_bytes = 128 * 1024;

}  // namespace

file_reader::file_reader(reader& at, input& of, fd file, std::function<void()> on_end)
    : reader_(at), input_(of), file_(std::move(file)), on_end_(std::move(on_end)), wait_(wake_), memory_(pool_) {
  reader_.handler().add_waiter(wake_);
  thread_ = std::thread([this] { run(); });
}

file_reader::~file_reader() {
  stop();
  thread_.join();
  reader_.handler().remove_waiter(wake_);
}

void file_reader::run() {
  ::pthread_setname_np(::pthread_self(), "in:file");
  const auto& clock = reader_.clock();
  line_framer framer(memory_, input_.rules(), input_.source_for({}), reader_.handler(), input_.counters);
  while (!wait_.stopping()) {
    const std::size_t room = wait_for_room();
    if (room == 0) break;
    const auto space = framer.space(std::min(room, read_bytes));
    const ssize_t got = ::read(file_.get(), space.data(), space.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      input_.failed.store(true);
      reader_.say().say(severity::error, fmt::format("input '{}': unable to read: {}", input_.name(), error_text(errno)));
    }
    if (got <= 0) break;
    framer.commit(static_cast<std::size_t>(got), clock.wall());
  }
  framer.finish(clock.wall());
  on_end_();
}

// 0: asked to stop.
std::size_t file_reader::wait_for_room() {
  for (bool held = false; !wait_.stopping();) {
    wake_.prepare_sleep();
    const auto answer = reader_.handler().room_for(input_.index());
    if (answer.how_much.bytes > 0) {
      wake_.awake();
      if (held) input_.held.release(reader_.clock().now());
      return answer.how_much.bytes;
    }
    held = true;
    input_.held.hold(answer.held_by, reader_.clock().now());
    wait_.wait(-1, 0, answer.how_much.until);
  }
  return 0;
}

}  // namespace logrelay
