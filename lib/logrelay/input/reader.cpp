#include <logrelay/input/reader.hpp>

#include <logrelay/input/gate.hpp>
#include <logrelay/error.hpp>
#include <logrelay/util/quantity.hpp>
#include <logrelay/util/thrown.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <map>
#include <mutex>

namespace logrelay {

namespace asio = boost::asio;

struct reader::parts {
  explicit parts(block_pool& pool) : memory(pool), io(std::make_unique<asio::io_context>(1)) {}

  void watch_room() {
    try {
      room_ready = std::make_unique<asio::posix::stream_descriptor>(*io);
      fd copy(::fcntl(room.descriptor(), F_DUPFD_CLOEXEC, 3));
      if (!copy) throw error(error_text(errno));
      room_ready->assign(copy.get());
      static_cast<void>(copy.release());
    } catch (const std::exception& e) {
      throw error("unable to wait for inputs: " + reason_of(e));
    }
  }

  read_memory memory;  // outlives what the io_context's destruction still publishes
  wake room;
  std::vector<input*> inputs;
  std::map<const input*, std::unique_ptr<gate>> gates;
  std::unique_ptr<asio::io_context> io;
  std::mutex io_mutex;  // of the pointer: main may ask for a stop while the thread ends
  std::unique_ptr<asio::posix::stream_descriptor> room_ready;  // gone before the io_context
  std::size_t running = 0;
  bool held = false;
  bool gives_up = false;  // the io_context has ended
  bool tells = true;      // what is not read then
};

reader::reader(queue_handler& handler, block_pool& pool, messages& say, const time_source& clock, std::function<void()> on_done,
               std::function<void()> on_left)
    : handler_(handler), say_(say), clock_(clock), on_done_(std::move(on_done)), on_left_(std::move(on_left)), parts_(std::make_unique<parts>(pool)) {}

reader::~reader() {
  if (thread_.joinable()) {
    stop_now();
    thread_.join();
  }
  handler_.remove_waiter(parts_->room);  // also of one that got no thread
}

void reader::start(std::vector<input*> inputs) {
  parts_->watch_room();
  for (auto* each : inputs) admit(*each);
  const auto all_started = std::make_shared<std::promise<void>>();
  post([this, all = std::move(inputs), all_started] {  // before anyone can ask for a stop
    try {
      for (auto* each : all) start(*each);
      all_started->set_value();
    } catch (...) {
      parts_->tells = false;
      parts_->io->stop();  // so that the others read nothing
      all_started->set_exception(std::current_exception());
    }
  });
  handler_.add_waiter(parts_->room);
  thread_ = std::thread([this] { run(); });
  all_started->get_future().get();  // none of them waits for anything
}

void reader::start(input& one) {
  try {
    one.start(*this);
  } catch (const std::exception& e) {
    throw error(fmt::format("input '{}': {}", one.name(), reason_of(e)));
  }
}

void reader::admit(input& one) {
  ++parts_->running;
  parts_->inputs.push_back(&one);
  parts_->gates.emplace(&one, std::make_unique<gate>(*this, one, parts_->room));
}

void reader::add(input& one) {
  post([this, &one] {
    admit(one);
    try {
      start(one);
    } catch (const error& e) {
      one.failed.store(true);
      say_.say(severity::error, fmt::format("{}; it is left out", e.what()));
      ended(one);
    }
  });
}

// It may have ended by itself, and be gone.
void reader::remove(input& one) {
  post([this, which = &one] {
    if (std::find(parts_->inputs.begin(), parts_->inputs.end(), which) != parts_->inputs.end()) which->stop(stop_kind::terminate);
  });
}

void reader::reopen() {
  post([this] {
    for (auto* each : parts_->inputs) each->reopen();
  });
}

void reader::hold() {
  post([this] { parts_->held = true; });
}

void reader::release() {
  post([this] {
    parts_->held = false;
    end_if_over();
  });
}

void reader::run() {
  ::pthread_setname_np(::pthread_self(), "reader");
  auto& io = *parts_->io;
  // A listener has made room: the inputs that wait for it look again.
  asio::co_spawn(
      io,
      [this]() -> asio::awaitable<void> {
        auto& room = *parts_->room_ready;
        for (;;) {
          const auto [ec] = co_await room.async_wait(room.wait_read, asio::as_tuple(asio::use_awaitable));
          if (ec) co_return;
          parts_->room.awake();
          for (auto& [of, each] : parts_->gates) each->look();
        }
      },
      asio::detached);
  io.run();
  // What still hangs in the io_context is given up here, in the thread that it belongs to.
  handler_.remove_waiter(parts_->room);
  parts_->gives_up = true;
  for (auto* each : parts_->inputs) each->give_up();
  parts_->gates.clear();
  parts_->room_ready.reset();
  std::unique_ptr<asio::io_context> ending;
  {
    const std::lock_guard lock(parts_->io_mutex);
    ending = std::move(parts_->io);
  }
  ending.reset();
  for (auto* each : parts_->inputs) {
    if (!parts_->tells) each->unread = 0;
    if (each->left_behind > 0 && each->unread == 0)  // else that is told, and more
      say_lost(fmt::format("input '{}': about {} were ready when there was no more time, and are not read", each->name(),
                           readable_size(each->left_behind)));
  }
  done_.store(true);
  on_done_();
}

void reader::stop(stop_kind how) {
  post([this, how] {
    for (auto* each : parts_->inputs) each->stop(how);
    parts_->held = false;
    end_if_over();
  });
}

void reader::post(std::function<void()> what) {
  const std::lock_guard lock(parts_->io_mutex);
  if (parts_->io) asio::post(*parts_->io, std::move(what));
}

void reader::stop_now(unread_is what) {
  const std::lock_guard lock(parts_->io_mutex);
  if (!parts_->io || parts_->io->stopped()) return;
  parts_->tells = what == unread_is::told;
  parts_->io->stop();
}

// Also called by the coroutines that end with the io_context, when it is stopped anyway.
void reader::ended(input& which) {
  --parts_->running;
  end_if_over();
  // What it has cancelled comes first, and the coroutine that calls has unwound by then.
  post([this, &which] { post([this, &which] { let_go(which); }); });
}

void reader::failed(input& which, const std::exception_ptr& thrown) {
  which.failed.store(true);
  say_.say(severity::error, fmt::format("input '{}': unable to go on: {}", which.name(), reason_of(thrown)));
}

void reader::let_go(input& one) {
  std::erase(parts_->inputs, &one);
  parts_->gates.erase(&one);
  one.give_up();
  one.removed.store(true);
  on_left_();
}

void reader::end_if_over() {
  if (parts_->running == 0 && !parts_->held && parts_->io) parts_->io->stop();
}

void reader::say_lost(std::string_view what) {
  if (parts_->tells) say_.say(severity::warning, what);
}

bool reader::gives_up() const { return parts_->gives_up; }
asio::io_context& reader::io() { return *parts_->io; }
read_memory& reader::memory() { return parts_->memory; }
gate& reader::gate_of(const input& which) { return *parts_->gates.at(&which); }

}  // namespace logrelay
