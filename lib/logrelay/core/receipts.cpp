#include <logrelay/core/receipts.hpp>

#include <logrelay/util/guarded.hpp>

namespace logrelay {

// What receipts refer to, as long as one of them is somewhere.
class receipts::owner final : public receipt_holder {
 public:
  explicit owner(std::function<void()> tell) : tell_(std::move(tell)) {}

  void settled() noexcept override {
    if (told_.exchange(true)) return;
    tell_.with([](const auto& tell) {
      if (tell) tell();
    });
  }
  void looks() { told_.store(false); }
  void goes() {
    tell_.with([](auto& tell) { tell = nullptr; });
  }

 private:
  std::atomic<bool> told_{false};
  guarded<std::function<void()>> tell_;
};

receipts::receipts(batch_sink& to, std::function<void()> tell) : to_(to), owner_(std::make_shared<owner>(std::move(tell))) {}

receipts::~receipts() { owner_->goes(); }

void receipts::publish(batch&& lines) {
  if (!open_) open_ = new receipt(owner_);
  lines.owed = open_;
  to_.publish(std::move(lines));
}

void receipts::seal(std::uint64_t mark) {
  sealed_.push_back({open_, mark});
  if (open_) std::exchange(open_, nullptr)->settle(1);
}

std::optional<receipts::settled_lines> receipts::next() {
  owner_->looks();  // first: what is settled from now on is told again
  if (sealed_.empty()) return std::nullopt;
  const entry& oldest = sealed_.front();
  if (oldest.lines && !oldest.lines->is_settled()) return std::nullopt;
  const settled_lines done{oldest.mark, oldest.lines ? oldest.lines->lost_lines() : 0};
  sealed_.pop_front();
  return done;
}

}  // namespace logrelay
