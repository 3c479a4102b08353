#pragma once
/// Receipts (core/receipt.hpp) for lines that are written, and as their `sync` says not yet safe: each is settled with the
/// sync that makes its lines safe, or once they are delivered, if that comes first. Belongs to its spool's worker; one
/// thread.
#include <logrelay/core/batch.hpp>

#include <cstdint>
#include <deque>
#include <vector>

namespace logrelay {

class held_receipts {
 public:
  [[nodiscard]] bool empty() const { return held_.empty(); }
  /// Takes the receipts off the first `bytes` of `lines`, whose place is `first`. Those that are not `held`
  /// are settled as the lines leave the queue before the disk. A batch of which only a part is written is cut there.
  void take_from(std::vector<batch>& lines, std::size_t bytes, std::uint64_t first, bool held);
  /// Every line before this place is safe, or delivered.
  void settle(std::uint64_t before);
  /// A sync failed: nobody knows what is safe, nor would the next success tell.
  void lose();

 private:
  struct one {
    receipt_ref owed;
    std::uint64_t lines;
    std::uint64_t end;  // their place: how many lines are before it
  };
  std::deque<one> held_;
};

}  // namespace logrelay
