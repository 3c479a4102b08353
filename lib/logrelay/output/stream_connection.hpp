#pragma once
/// What outputs have in common that connect to somebody: the try of every address with a deadline, the write that never
/// waits, the look for a goodbye before each write, and how much of what was written the other side has.
#include <logrelay/net/address.hpp>
#include <logrelay/output/output.hpp>
#include <logrelay/util/fd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace logrelay {

class stream_connection : public output {
 public:
  stream_connection(std::string where, std::chrono::milliseconds timeout) : where_(std::move(where)), timeout_(timeout) {}

  result open(waiter& wait) override;
  write_result write(const outgoing& lines) override;
  interest writable() const override;
  interest idle() const override;
  result idle_event() override;
  result finish(waiter& wait) override;
  void close(std::size_t torn_bytes) noexcept override;

 protected:
  [[nodiscard]] virtual std::vector<address> find(waiter& wait, steady_time deadline, std::string& why) = 0;
  virtual void tune(int) {}
  /// The socket is connected: what else has to be agreed on before lines can go. False: it failed, for the reason `why`.
  virtual bool agree(waiter& wait, steady_time deadline, std::string& why);

  [[nodiscard]] int socket() const { return socket_.get(); }
  /// Bytes that the other side's kernel has not acknowledged.
  [[nodiscard]] std::uint64_t in_kernel() const;
  /// Whether an error has ended the connection, since it was opened.
  [[nodiscard]] bool has_failed();

  const std::string where_;

 private:
  int failed_by(int error_number) { return failed_ = true, error_number; }  // the kernel tells it once
  bool connect(const address& to, waiter& wait, steady_time deadline, std::string& why);

  const std::chrono::milliseconds timeout_;
  fd socket_;
  bool failed_ = false;
};

class tcp_connection : public stream_connection {
 public:
  tcp_connection(std::string where, host_port to, std::chrono::milliseconds timeout)
      : stream_connection(std::move(where), timeout), to_(std::move(to)) {}

  std::uint64_t unacked() override { return in_kernel(); }

 protected:
  std::vector<address> find(waiter& wait, steady_time deadline, std::string& why) override;
  void tune(int socket) override;

  const host_port to_;
};

}  // namespace logrelay
