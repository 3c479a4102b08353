#include <logrelay/util/spare_memory.hpp>

#include <new>

namespace logrelay {
namespace {

bool is_piece(std::size_t bytes, std::size_t alignment) {
  return bytes <= spare_memory::piece_bytes && bytes > spare_memory::piece_bytes / 2 && alignment <= alignof(std::max_align_t);
}

}  // namespace

spare_memory::~spare_memory() {
  for (void* each : spare_) ::operator delete(each, piece_bytes);
}

void* spare_memory::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (!is_piece(bytes, alignment)) return ::operator new(bytes, std::align_val_t(alignment));
  if (spare_.empty()) return ::operator new(piece_bytes);
  void* const piece = spare_.back();
  spare_.pop_back();
  return piece;
}

void spare_memory::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) {
  if (!is_piece(bytes, alignment))
    ::operator delete(memory, bytes, std::align_val_t(alignment));
  else if (spare_.size() < most_spare)
    spare_.push_back(memory);
  else
    ::operator delete(memory, piece_bytes);
}

}  // namespace logrelay
