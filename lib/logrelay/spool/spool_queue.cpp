#include <logrelay/spool/spool_queue.hpp>

#include <logrelay/error.hpp>
#include <logrelay/spool/spool_worker.hpp>
#include <logrelay/util/thrown.hpp>

#include <pthread.h>

namespace logrelay {

spool_queue::spool_queue(parts given, const block_pool& pool, const time_source& clock, queue_events events)
    : worker_(std::make_shared<spool_worker>(std::move(given), pool, clock, events)) {}

spool_queue::~spool_queue() {
  if (!thread_.joinable()) return;
  leave();
  if (left())
    thread_.join();
  else
    thread_.detach();
}

void spool_queue::prepare() {
  worker_->prepare();
  try {
    thread_ = std::thread([worker = worker_] {
      ::pthread_setname_np(::pthread_self(), ("spool:" + worker->name()).substr(0, 15).c_str());
      worker->run();
    });
  } catch (const std::exception& e) {
    throw error(reason_of(e));
  }
}

void spool_queue::unprepare() noexcept {
  if (thread_.joinable()) {
    leave();
    thread_.join();
  }
  worker_->unprepare();
}

void spool_queue::give_to(uid_t user, gid_t group) { worker_->give_to(user, group); }

void spool_queue::push(const batch& lines) { worker_->transit().push(lines); }
room spool_queue::room_now() { return worker_->transit().room_now(); }
bool spool_queue::takes(std::size_t bytes) { return worker_->transit().takes(bytes); }
void spool_queue::close() { worker_->transit().close(); }

void spool_queue::take(std::vector<batch>& into, std::size_t most_bytes) {
  worker_->transit().outbox().take(into, most_bytes);
  worker_->taken_out();
}

void spool_queue::ack(std::size_t bytes, const settled& what) {
  worker_->transit().outbox().ack(bytes, what);
  worker_->acked();
}

void spool_queue::progressed() {
  worker_->transit().outbox().progressed();
  worker_->moved();
}

void spool_queue::rewind() { worker_->transit().outbox().rewind(); }
bool spool_queue::ready() const { return worker_->transit().outbox().ready(); }
bool spool_queue::finished() const { return worker_->transit().outbox().finished(); }
void spool_queue::leave() { worker_->leave(); }
bool spool_queue::left() const { return worker_->has_left() || !thread_.joinable(); }
void spool_queue::give_up() {
  if (left()) worker_->transit().give_up();
}
ledger spool_queue::account() const { return worker_->transit().account(); }

}  // namespace logrelay
