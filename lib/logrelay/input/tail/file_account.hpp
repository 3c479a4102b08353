#pragma once
/// Which lines of one file are settled, through its truncations: each of the files that it has been is a past with a
/// position of its own. Lives on where nothing more is read of the file, until the outputs have settled what was.
///
/// Owned by a tail; its thread only.
#include <logrelay/core/receipts.hpp>
#include <logrelay/input/tail/checkpoint.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logrelay {

class file_account {
 public:
  /// `head`: what is known of the file's first bytes. `on_settled`: settle() may find something; any thread.
  file_account(file_position at, std::string head, batch_sink& sink, std::function<void()> on_settled);

  /// What is published there belongs to the next seal.
  [[nodiscard]] batch_sink& sink() { return book_; }
  /// Lines of what it is now end there.
  void seal(std::uint64_t end);
  [[nodiscard]] std::uint64_t sealed() const { return sealed_; }

  /// The first bytes of what it is now.
  [[nodiscard]] const std::string& head() const { return pasts_.back().head; }
  void add_to_head(std::string_view bytes) { pasts_.back().head += bytes.substr(0, most_head_bytes - head().size()); }
  /// What it is now goes on in a copy of it.
  void goes_on_in(dev_t device, ino_t inode);
  /// It begins anew.
  void begin_past(file_position from);
  [[nodiscard]] bool has_been(dev_t device, ino_t inode) const;

  /// Takes in what has been settled; what of its past is settled to its end goes to `history`. Whether that was something.
  bool settle(std::vector<file_position>& history);
  [[nodiscard]] bool is_settled() const { return pasts_.size() == 1 && marks_.empty(); }
  /// Where it is settled, as the next start has to know it, with what is left of its past.
  void append_positions(bool done, std::vector<file_position>& to) const;
  /// What it has been, each as it was read to its end.
  [[nodiscard]] std::vector<file_position> read_pasts() const;
  /// What it is now, from its beginning to `offset`.
  [[nodiscard]] file_position now_at(std::uint64_t offset) const;

 private:
  // A file between two truncations.
  struct past {
    file_position position;  // its offset: what is settled
    std::string head;
  };
  struct mark {
    std::size_t past;  // counted from the first there ever was
    std::uint64_t end;
  };
  [[nodiscard]] static file_position position_of(const past& one);

  std::deque<past> pasts_;  // the last one is being read
  std::size_t first_past_ = 0;
  std::deque<mark> marks_;
  std::uint64_t sealed_;
  receipts book_;
};

/// Those of files that are read by somebody else now, who goes on where they were read to.
class open_accounts {
 public:
  void add(std::unique_ptr<file_account> one);
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] std::vector<std::unique_ptr<file_account>> take() { return std::move(all_); }
  /// Lets those go that are settled. Whether something was.
  bool settle();
  /// As long as one is not settled, the next start has to know its position, not that of who goes on.
  void replace(std::vector<file_position>& positions) const;

 private:
  std::vector<std::unique_ptr<file_account>> all_;  // of one file, the older one first
};

}  // namespace logrelay
