#pragma once
/// An output of a program's own that keeps what it takes, for the tests of what publishes to it.
#include <logrelay/embed/publisher.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/guarded.hpp>
#include <support/eventually.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace logrelay {

/// What the output of a test has taken; it takes nothing while it is shut.
struct shelf {
  std::atomic<bool> shut{false};
  guarded<std::string> text;
  [[nodiscard]] std::string all() const {
    return text.with([](const auto& t) { return t; });
  }
};

class shelf_output final : public output {
 public:
  explicit shelf_output(std::shared_ptr<shelf> to) : to_(std::move(to)) {}
  bool keeps_place() const override { return true; }
  result open(waiter&) override { return {}; }
  write_result write(const outgoing& lines) override {
    if (to_->shut) return {0, outcome::retry, "shut"};
    to_->text.with([&](auto& text) {
      for (const auto& piece : lines.pieces()) text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    });
    return {lines.bytes()};
  }
  void close(std::size_t) noexcept override {}

 private:
  std::shared_ptr<shelf> to_;
};

inline custom_output onto(const std::shared_ptr<shelf>& one) {
  custom_output made;
  made.name = "shelf";
  made.make = [one] { return std::make_unique<shelf_output>(one); };
  made.rules.capacity_bytes = 64 * 1024;
  made.drain = support::patience;
  return made;
}

}  // namespace logrelay
