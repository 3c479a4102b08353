#pragma once
/// The token by which an input learns what became of a run of its lines, so that it can pass an acknowledgement on to
/// whoever sent them: when every output that takes them has delivered, filtered, dropped or rejected them, or has them
/// safe in its spool, as that one's `sync` says.
///
/// It rides on the batches (batch::owed) and counts lines. The input holds it open while it publishes; each queue expects
/// the lines that it takes, and settles them where it changes its ledger, under the same lock, so that the two cannot
/// differ. A queue that hands lines on to another one is no special case: the other expects them before it settles them.
/// The one that settles the last line tells the input. Nothing is told by destruction: what is never settled, such as what
/// is left at the end, is never told.
///
/// Most batches have none, which costs a null pointer. (That it were part of the slots' order instead, a list of positions
/// beside them, would let slices of several receipts merge, but had to follow every cut, drop and rewind.)
///
/// Made by a receipts book; shared by the batches and that book; any thread.
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace logrelay {

/// Somebody who is told that a receipt is settled, by whichever thread settled it, perhaps under a queue's lock: it notes
/// that and wakes its own thread, no more.
class receipt_holder {
 public:
  virtual ~receipt_holder() = default;
  virtual void settled() noexcept = 0;
};

class receipt : public boost::intrusive_ref_counter<receipt, boost::thread_safe_counter> {
 public:
  explicit receipt(std::shared_ptr<receipt_holder> to) : to_(std::move(to)) {}

  /// A queue takes so many of its lines.
  void expect(std::uint64_t lines) { open_.fetch_add(lines); }
  /// Of the lines that will be settled, so many are dropped or rejected.
  void lose(std::uint64_t lines) { lost_.fetch_add(lines); }
  /// Nothing more will become of so many lines in one queue; or the input has published all (one, for itself).
  void settle(std::uint64_t lines) {
    if (lines > 0 && open_.fetch_sub(lines) == lines) to_->settled();
  }

  [[nodiscard]] bool is_settled() const { return open_.load() == 0; }
  /// Counted once for each output that lost them; final when settled.
  [[nodiscard]] std::uint64_t lost_lines() const { return lost_.load(); }

 private:
  std::atomic<std::uint64_t> open_{1};  // the input's own, until all is published
  std::atomic<std::uint64_t> lost_{0};
  const std::shared_ptr<receipt_holder> to_;
};

using receipt_ref = boost::intrusive_ptr<receipt>;

}  // namespace logrelay
