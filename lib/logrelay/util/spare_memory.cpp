#include <logrelay/util/spare_memory.hpp>

namespace logrelay {
namespace {

bool is_piece(std::size_t bytes, std::size_t alignment) {
  return bytes <= spare_memory::piece_bytes && bytes > spare_memory::piece_bytes / 2 && alignment <= alignof(std::max_align_t);
}

std::pmr::memory_resource& heap() { return *std::pmr::new_delete_resource(); }

}  // namespace

spare_memory::spare_memory() {
  spare_.reserve(most_spare);
  while (spare_.size() < first_spare) spare_.push_back(heap().allocate(piece_bytes));
}

spare_memory::~spare_memory() {
  for (void* each : spare_) heap().deallocate(each, piece_bytes);
}

void* spare_memory::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (!is_piece(bytes, alignment)) return heap().allocate(bytes, alignment);
  if (spare_.empty()) return heap().allocate(piece_bytes);
  void* const piece = spare_.back();
  spare_.pop_back();
  return piece;
}

void spare_memory::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) {
  if (!is_piece(bytes, alignment))
    heap().deallocate(memory, bytes, alignment);
  else if (spare_.size() < most_spare)
    spare_.push_back(memory);
  else
    heap().deallocate(memory, piece_bytes);
}

}  // namespace logrelay
