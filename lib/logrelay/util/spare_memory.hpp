#pragma once
/// Memory for a container of the standard library whose pieces are all of one size but a few: the nodes of a deque. A few
/// pieces are there from the start, and some of those that it gives back are kept for when it asks again, so that what comes
/// and goes costs no malloc; a rush's go back.
/// Not shared between threads. Throws std::bad_alloc.
#include <cstddef>
#include <memory_resource>
#include <vector>

namespace logrelay {

class spare_memory final : public std::pmr::memory_resource {
 public:
  static constexpr std::size_t piece_bytes = 512;  ///< a node of libstdc++'s deque; other sizes are not kept
  static constexpr std::size_t most_spare = 32;    ///< 16 KiB

  static constexpr std::size_t first_spare = 4;

  spare_memory();
  ~spare_memory() override;
  spare_memory(const spare_memory&) = delete;
  spare_memory& operator=(const spare_memory&) = delete;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  std::vector<void*> spare_;
};

}  // namespace logrelay
