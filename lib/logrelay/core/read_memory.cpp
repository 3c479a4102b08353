#include <logrelay/core/line_framer.hpp>
#include <logrelay/core/read_memory.hpp>

#include <algorithm>

namespace logrelay {

void read_memory::rent(line_framer& who, std::size_t bytes) {
  if (tenant_ != nullptr && tenant_ != &who) std::exchange(tenant_, nullptr)->move_out();
  tenant_ = &who;
  if (left() < bytes) renew();
}

void read_memory::renew() {
  open_ = {};  // first, so that a block nobody refers to is the one we get
  open_ = pool_.take();
  used_ = 0;
}

void read_memory::add_carry(line_framer& who, std::size_t bytes) {
  carry_bytes_ += bytes;
  carriers_.push_back(&who);
}

void read_memory::remove_carry(line_framer& who, std::size_t bytes) {
  carry_bytes_ -= bytes;
  const auto it = std::find(carriers_.begin(), carriers_.end(), &who);
  *it = carriers_.back();
  carriers_.pop_back();
}

void read_memory::keep_budget() {
  while (carry_bytes_ > most_carry_bytes_) {
    const auto longest = std::max_element(carriers_.begin(), carriers_.end(), [](const auto* a, const auto* b) {
      return a->block_->capacity() < b->block_->capacity();
    });
    (*longest)->cut_carry();
  }
}

}  // namespace logrelay
