#pragma once
/// Memory that lines lie in: blocks with a count of their holders, and a pool that keeps a few of the standard size so
/// that a fast stream turns over the same, cached ones. A block is written by one thread, behind what was handed out;
/// what was handed out is immutable. References: any thread. A copy of a pool is the same pool; it lives as long as any
/// copy or block of it.
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace logrelay {

class block;
class block_pool;

/// Shared ownership of a block. Null by default.
class block_ref {
 public:
  block_ref() = default;
  block_ref(const block_ref& other) noexcept;
  block_ref(block_ref&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  block_ref& operator=(block_ref other) noexcept { std::swap(block_, other.block_); return *this; }
  ~block_ref();

  explicit operator bool() const { return block_ != nullptr; }
  block* operator->() const { return block_; }
  friend bool operator==(const block_ref& a, const block_ref& b) { return a.block_ == b.block_; }

 private:
  friend class block_pool;
  explicit block_ref(block* adopted) : block_(adopted) {}
  block* block_ = nullptr;
};

class block {
 public:
  [[nodiscard]] char* data() { return data_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  friend class block_ref;
  friend class block_pool;
  struct idle_blocks;
  block() = default;
  std::atomic<std::size_t> holders_{1};
  std::size_t capacity_ = 0;
  char* data_ = nullptr;
  std::shared_ptr<idle_blocks> home_;
};

class block_pool {
 public:
  static constexpr std::size_t standard_bytes = 256 * 1024;
  static constexpr std::size_t most_idle = 24;  ///< 6 MiB kept for the next rush; more goes back to the system

  block_pool();
  /// A block of at least `bytes`; of the standard size from the idle ones where one is there.
  [[nodiscard]] block_ref take(std::size_t bytes = standard_bytes);
  /// Gives every idle block back to the system.
  void trim();
  /// The capacity of all blocks that somebody refers to. Any thread.
  [[nodiscard]] std::size_t bytes_in_use() const;

 private:
  std::shared_ptr<block::idle_blocks> idle_;
};

}  // namespace logrelay
