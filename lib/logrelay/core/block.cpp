#include <logrelay/core/block.hpp>

#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace logrelay {
namespace {

// From here on memory comes straight from the system and goes straight back, so that a drained backlog leaves no
// residue in malloc's heap.
constexpr std::size_t mapped_from = 128 * 1024;

char* allocate(std::size_t bytes) {
  void* memory = bytes < mapped_from ? std::malloc(bytes)
                                     : ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == nullptr || memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(memory);
}

void release(char* memory, std::size_t bytes) noexcept {
  if (bytes < mapped_from)
    std::free(memory);
  else
    ::munmap(memory, bytes);
}

}  // namespace

/// The idle blocks, last in first out: the one that was used last is the one that is still in the cache. Blocks keep
/// it alive, so that a listener that was let go may return its blocks whenever it can.
struct block::idle_blocks {
  std::mutex mutex;
  std::vector<block*> blocks;
  std::atomic<std::size_t> in_use{0};  // bytes; relaxed: a number that stands alone

  ~idle_blocks() { drop_all(); }
  void drop_all() {
    for (block* each : blocks) {
      release(each->data_, each->capacity_);
      delete each;
    }
    blocks.clear();
  }
};

block_ref::block_ref(const block_ref& other) noexcept : block_(other.block_) {
  // Relaxed: whoever copies already holds a reference, and publishing the copy orders it.
  if (block_ != nullptr) block_->holders_.fetch_add(1, std::memory_order_relaxed);
}

block_ref::~block_ref() {
  if (block_ == nullptr || block_->holders_.fetch_sub(1) != 1) return;
  const auto home = std::move(block_->home_);  // may be the last to know the idle list
  if (home) home->in_use.fetch_sub(block_->capacity_, std::memory_order_relaxed);
  if (home && block_->capacity_ == block_pool::standard_bytes) {
    const std::lock_guard lock(home->mutex);
    if (home->blocks.size() < block_pool::most_idle) {
      home->blocks.push_back(block_);
      return;
    }
  }
  release(block_->data_, block_->capacity_);
  delete block_;
}

block_pool::block_pool() : idle_(std::make_shared<block::idle_blocks>()) {}

block_ref block_pool::take(std::size_t bytes) {
  block* taken = nullptr;
  if (bytes == standard_bytes) {
    const std::lock_guard lock(idle_->mutex);
    if (!idle_->blocks.empty()) {
      taken = idle_->blocks.back();
      idle_->blocks.pop_back();
    }
  }
  if (taken == nullptr) {
    auto made = std::unique_ptr<block>(new block);
    made->data_ = allocate(bytes);
    made->capacity_ = bytes;
    taken = made.release();
  }
  taken->holders_.store(1);
  taken->home_ = idle_;
  idle_->in_use.fetch_add(taken->capacity_, std::memory_order_relaxed);
  return block_ref(taken);
}

void block_pool::trim() {
  const std::lock_guard lock(idle_->mutex);
  idle_->drop_all();
}

std::size_t block_pool::bytes_in_use() const { return idle_->in_use.load(std::memory_order_relaxed); }

}  // namespace logrelay
