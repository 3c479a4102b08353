#pragma once
/// Receipts (core/receipt.hpp) for lines that are on disk alone, and as their `sync` says not yet safe there: each is settled
/// with the sync that makes its lines safe, or goes with them when they are read again, if that comes first, so that it hears
/// what becomes of them. Lines that go on from memory keep theirs. Belongs to its spool's worker; one thread.
#include <logrelay/core/batch.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace logrelay {

class held_receipts {
 public:
  [[nodiscard]] bool empty() const { return held_.empty(); }
  /// Takes the receipts off the first `bytes` of `lines`, whose place is `first`. Those that are not `held`
  /// are settled as the lines leave the queue before the disk. A batch of which only a part is written is cut there.
  void take_from(std::vector<batch>& lines, std::size_t bytes, std::uint64_t first, bool held);
  /// Puts them on lines that were read again, whose place is `first`, and hands these to `to`: cut where receipts begin and
  /// end. `to` has to expect them, as a queue does.
  void put_on(batch lines, std::uint64_t first, const std::function<void(const batch&)>& to);
  /// Every line before this place is safe.
  void settle(std::uint64_t before);
  /// … or gone, or nobody knows whether it is safe.
  void lose(std::uint64_t before);

 private:
  struct one {
    receipt_ref owed;
    std::uint64_t lines;
    std::uint64_t end;  // their place: how many lines are before it
    [[nodiscard]] std::uint64_t begin() const { return end - lines; }
    [[nodiscard]] std::uint64_t lines_before(std::uint64_t place) const { return (place < end ? place : end) - begin(); }
  };
  void leave_front(std::uint64_t lines);

  std::deque<one> held_;
};

}  // namespace logrelay
