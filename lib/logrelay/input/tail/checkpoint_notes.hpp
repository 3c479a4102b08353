#pragma once
/// When the checkpoint of a tail is written: while something changes, every half second, and tried again where that fails,
/// which is said once. Owned by a follower; its thread only.
#include <logrelay/input/tail/checkpoint.hpp>
#include <logrelay/messages.hpp>
#include <logrelay/util/clock.hpp>

#include <functional>
#include <memory>
#include <string>

namespace logrelay {

class followed_files;

class checkpoint_notes {
 public:
  using speaker = std::function<void(severity, const std::string&)>;
  checkpoint_notes(std::unique_ptr<checkpoint_file> file, speaker say) : file_(std::move(file)), say_(std::move(say)) {}

  [[nodiscard]] const checkpoint_file& file() const { return *file_; }
  [[nodiscard]] std::unique_ptr<checkpoint_file> take() { return std::move(file_); }

  /// Something is other than it was written.
  void change() { changed_ = true; }
  /// Takes in what is settled, and writes if it is time.
  void keep_up(followed_files& files);
  /// When to do so again; max(): nothing has changed.
  [[nodiscard]] steady_time next() const;
  /// Now, whatever the time.
  void write(followed_files& files);

 private:
  void settle(followed_files& files);

  std::unique_ptr<checkpoint_file> file_;
  const speaker say_;
  bool changed_ = true, waits_ = false;
  steady_time next_{};
  int failed_ = 0;
};

}  // namespace logrelay
