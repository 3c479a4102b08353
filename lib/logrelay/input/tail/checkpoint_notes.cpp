#include <logrelay/input/tail/checkpoint_notes.hpp>

#include <logrelay/error.hpp>
#include <logrelay/input/tail/followed_files.hpp>

#include <fmt/format.h>

namespace logrelay {
namespace {

using namespace std::chrono_literals;

constexpr auto write_again = 500ms;

}  // namespace

void checkpoint_notes::settle(followed_files& files) {
  changed_ = files.settle() || changed_;
  waits_ = files.waits_for_settling();
}

// Of what another tail had read nobody tells when it is settled: that is looked at as often as is written.
steady_time checkpoint_notes::next() const {
  if (changed_) return next_;
  return waits_ ? std::chrono::steady_clock::now() + write_again : steady_time::max();
}

void checkpoint_notes::keep_up(followed_files& files) {
  settle(files);
  if (changed_ && std::chrono::steady_clock::now() >= next_) write(files);  // as the wait for it has the time
}

void checkpoint_notes::write(followed_files& files) {
  settle(files);
  if (!changed_) return;
  next_ = std::chrono::steady_clock::now() + write_again;
  const int error_number = file_->replace(files.positions(), files.looked());
  changed_ = error_number != 0;
  if (error_number != 0 && error_number != failed_)
    say_(severity::error, fmt::format("unable to write the checkpoint {}: {}; tries again", file_->path(), error_text(error_number)));
  if (error_number == 0 && failed_ != 0) say_(severity::notice, fmt::format("the checkpoint {} can be written again", file_->path()));
  failed_ = error_number;
}

}  // namespace logrelay
