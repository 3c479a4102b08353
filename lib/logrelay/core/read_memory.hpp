#pragma once
/// The memory that one reader thread reads into: a single open block for all of its streams, and a budget for the
/// unfinished lines that had to leave it. Owned by the reader; its thread only.
///
/// A stream reads into the open block's tail and may leave an unfinished line there as long as nobody else wants the
/// tail: so a lone stream never copies anything, and 10,000 idle connections hold no memory at all.
#include <logrelay/core/block.hpp>

#include <cstddef>
#include <vector>

namespace logrelay {

class line_framer;

class read_memory {
 public:
  static constexpr std::size_t default_carry_bytes = 16 * 1024 * 1024;

  explicit read_memory(block_pool& pool, std::size_t most_carry_bytes = default_carry_bytes)
      : pool_(pool), most_carry_bytes_(most_carry_bytes) {}
  read_memory(const read_memory&) = delete;

  /// Makes `who` the tenant of the tail; the one before moves its unfinished line out. The tail has at least `bytes`
  /// afterwards (at most a block).
  void rent(line_framer& who, std::size_t bytes);
  void leave(const line_framer& who) { if (tenant_ == &who) tenant_ = nullptr; }

  [[nodiscard]] const block_ref& open() const { return open_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t left() const { return open_ ? open_->capacity() - used_ : 0; }
  void use(std::size_t bytes) { used_ += bytes; }
  void renew();  ///< opens a new block; the old one lives on in what refers to it
  [[nodiscard]] block_pool& pool() { return pool_; }

  /// Carries: memory outside the open block that holds unfinished lines.
  void add_carry(line_framer& who, std::size_t bytes);
  void remove_carry(line_framer& who, std::size_t bytes);
  /// Cuts the longest carries until all of them fit the budget.
  void keep_budget();
  [[nodiscard]] std::size_t carry_bytes() const { return carry_bytes_; }

 private:
  block_pool& pool_;
  block_ref open_;
  std::size_t used_ = 0;
  line_framer* tenant_ = nullptr;
  std::size_t most_carry_bytes_;
  std::size_t carry_bytes_ = 0;
  std::vector<line_framer*> carriers_;
};

}  // namespace logrelay
