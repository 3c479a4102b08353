#pragma once
/// What inputs have in common that others connect to. Each connection is a stream of its own, with its peer as the source;
/// whether it may come is the guard's to say.
/// At `max-connections`, and when descriptors run out, nobody new is taken in until somebody leaves: who waits, waits in
/// the kernel's backlog and loses nothing. So it is while a reload puts another in its place. Reader's thread only, but for
/// what an input is asked before.
#include <logrelay/input/kept_sockets.hpp>
#include <logrelay/input/stream_input.hpp>
#include <logrelay/net/listener_socket.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vector>

namespace logrelay {

class listening_input : public stream_input {
 public:
  explicit listening_input(const input_config& config);

  std::vector<std::string> listening_on() const override { return texts_; }
  void expect_successor() override { kept_.expect_successor(); }
  void take_over(input& before) override;
  void start(reader& at) override;
  void unprepare() noexcept override { sockets_.clear(); }
  void give_up() noexcept override { sockets_.clear(); }  // of one that never began
  void stop(stop_kind how) noexcept override;

 protected:
  void stream_ended() override;
  void remember_addresses();
  /// Somebody has connected. Reads from them, where nothing has to be agreed on before.
  virtual void welcome(reader& at, fd connection, const address& peer, std::unique_ptr<guard::visit> visit);
  /// Connections that are neither streams yet nor gone.
  [[nodiscard]] virtual std::size_t arriving() const { return 0; }
  /// One of them is a stream now, or gone.
  void arrived();

  std::vector<bound_socket> sockets_;  // before prepare(): taken over

 private:
  boost::asio::awaitable<void> take_in(reader& at, bound_socket listener);
  void end_if_over();

  const std::uint64_t most_;
  const std::string place_;
  kept_sockets kept_;
  rare_notice full_;
  std::vector<std::string> texts_;
  struct acceptor;
  std::vector<acceptor*> acceptors_;
  std::vector<boost::asio::steady_timer*> pauses_;
  int accepting_ = 0;
  bool over_ = false;
  reader* reader_ = nullptr;
};

}  // namespace logrelay
