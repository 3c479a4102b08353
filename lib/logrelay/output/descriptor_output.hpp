#pragma once
/// A descriptor that we were started with: `-` (stdout), `stderr:` and `fd:N`. Its flags stay as they are. A write is
/// what delivers. When its reader has gone there will never be another, so the output ends quietly.
#include <logrelay/output/output.hpp>
#include <logrelay/registry.hpp>
#include <logrelay/util/fd.hpp>
#include <logrelay/util/inherited.hpp>

#include <unistd.h>

namespace logrelay {

class descriptor_output final : public output {
 public:
  /// `ours`: nobody else in this process uses it, so that its reader may see the end when the output does.
  descriptor_output(int number, bool ours) : number_(number), retires_(ours && number != STDERR_FILENO) {}

  void prepare() override;
  void unprepare() noexcept override { ours_.reset(); }
  bool keeps_place() const override { return true; }
  result open(waiter&) override { return {}; }
  write_result write(const outgoing& lines) override;
  interest writable() const override;
  interest idle() const override;
  result idle_event() override;
  void close(std::size_t torn_bytes) noexcept override;

 private:
  [[nodiscard]] ssize_t write_some(const outgoing& lines) const;

  const int number_;
  const bool retires_;
  descriptor_kind kind_ = descriptor_kind::closed;
  fd ours_;             // a description of our own, where there can be one
  bool shared_ = true;  // … else the inherited one
};

extern const output_kind stdout_output_kind, stderr_output_kind, fd_output_kind;

}  // namespace logrelay
