#pragma once
/// The receipts of one input, or of one connection of it: stands between its framer and the queue handler, puts a receipt
/// on what is published, and hands the receipts back, in order, once they are settled.
///
///     receipts book(handler, [&] { … wake my thread … });
///     line_framer framer(memory, rules, from, book, counters);
///     …  framer.commit(n, now);  book.seal(offset);           // what was published since the last seal is one receipt
///     …  while (const auto done = book.next()) checkpoint = done->mark;
///
/// Owned by the input, whose thread alone calls it. Lines that nobody takes are settled at once. What is not settled when
/// the book goes was not delivered as far as anybody knows.
#include <logrelay/core/line_framer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace logrelay {

class receipts final : public batch_sink {
 public:
  /// `tell`: next() may have something. From any thread, perhaps under a queue's lock, so that it may only note it and wake
  /// somebody; not again before next() was called, and never after the book has gone.
  receipts(batch_sink& to, std::function<void()> tell);
  ~receipts() override;

  void publish(batch&& lines) override;
  /// Ends the receipt of what was published since the last seal; `mark` is the input's own, to know it by.
  void seal(std::uint64_t mark);

  struct settled_lines {
    std::uint64_t mark;
    std::uint64_t lost_lines;  ///< dropped or rejected, once for each output that did
  };
  /// The oldest receipt, once it is settled: each comes once, in the order of the seals.
  [[nodiscard]] std::optional<settled_lines> next();
  /// Sealed, and not handed back.
  [[nodiscard]] std::size_t outstanding() const { return sealed_.size(); }

 private:
  class owner;
  struct entry {
    receipt_ref lines;  // null: nothing was published
    std::uint64_t mark;
  };
  batch_sink& to_;
  const std::shared_ptr<owner> owner_;
  receipt_ref open_;
  std::deque<entry> sealed_;
};

}  // namespace logrelay
