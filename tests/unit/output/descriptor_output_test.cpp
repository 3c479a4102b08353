#include "output_contract.hpp"

#include <support/pipe_sink.hpp>
#include <support/powerless.hpp>
#include <support/sockets.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <optional>

namespace logrelay {
namespace {

using namespace support;

class pipe_peer : public output_peer {
 public:
  explicit pipe_peer(bool hangs, pipe_ends ends = make_pipe()) : ends_(std::move(ends)) {
    if (!hangs) pipe_peer::wake_up();
  }
  std::string endpoint() const override { return "fd:" + std::to_string(ends_.writing.get()); }
  std::string text() override { return sink_ ? sink_->text() : std::string(); }
  void wake_up() override { sink_.emplace(std::move(ends_.reading)); }

 protected:
  pipe_ends ends_;

 private:
  std::optional<pipe_sink> sink_;
};

// As another user's pipe is: it cannot be opened anew.
pipe_ends shared_pipe() {
  auto ends = make_pipe();
  REQUIRE(::fchmod(ends.writing.get(), 0) == 0);
  return ends;
}

pipe_ends socket_pair() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {fd(ends[0]), fd(ends[1])};
}

class stdout_peer final : public pipe_peer {
 public:
  explicit stdout_peer(bool hangs) : pipe_peer(hangs) {}
  std::string endpoint() const override { return "-"; }

 private:
  stand_in as_stdout_{STDOUT_FILENO, ends_.writing};
};

class regular_peer final : public output_peer {
 public:
  std::string endpoint() const override { return "fd:" + std::to_string(file_.get()); }
  std::string text() override { return read_file(folder_ / "file"); }

 private:
  const temp_folder folder_;
  const fd file_{::open((folder_ / "file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
};

TEST_CASE("an inherited pipe keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<pipe_peer>(hangs); });
}

TEST_CASE("a pipe that cannot be opened anew keeps the contract of outputs") {
  const powerless nobody;
  check_output_contract([](bool hangs) { return std::make_unique<pipe_peer>(hangs, shared_pipe()); });
}

TEST_CASE("an inherited socket keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<pipe_peer>(hangs, socket_pair()); });
}

TEST_CASE("standard output keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<stdout_peer>(hangs); });
}

TEST_CASE("an inherited file keeps the contract of outputs") {
  check_output_contract([](bool hangs) -> std::unique_ptr<output_peer> {
    return hangs ? nullptr : std::make_unique<regular_peer>();
  });
}

TEST_CASE("inherited descriptors that are written to keep their flags") {
  pipe_ends pipe = make_pipe(), socket = socket_pair();
  const terminal_ends terminal = make_terminal();
  for (const int number : {pipe.writing.get(), socket.writing.get(), terminal.terminal.get()}) {
    const fd shared(::fcntl(number, F_DUPFD_CLOEXEC, 3));  // as the shell has it
    const int before = ::fcntl(shared.get(), F_GETFL);
    sending out("fd:" + std::to_string(number));
    out.start();
    out.push("line\n");
    CHECK(out.delivers());
    CHECK(::fcntl(shared.get(), F_GETFL) == before);
    out.close();
    CHECK(out.ends());
    CHECK(::fcntl(shared.get(), F_GETFL) == before);
  }
}

TEST_CASE("a pipe whose reader has gone ends its output quietly and what would still go there is filtered") {
  auto ends = GENERATE(0, 1) == 0 ? make_pipe() : socket_pair();
  sending out("fd:" + std::to_string(ends.writing.get()));
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  ends.reading.reset();
  out.push("two\n");
  CHECK(out.delivers());
  CHECK(out.report().ended);
  CHECK(out.account().delivered.lines == 1);
  CHECK(out.account().filtered.lines == 1);
  CHECK(out.report().retries == 0);
  out.close();
  CHECK(out.ends());
}

TEST_CASE("that a pipe's reader has gone is noticed with nothing to write") {
  auto ends = make_pipe();
  sending out("fd:" + std::to_string(ends.writing.get()));
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  ends.reading.reset();
  CHECK(eventually([&] { return out.report().ended; }));
  CHECK(eventually([] { return cost_of_idling() < 20ms; }));
}

TEST_CASE("a pipe without a reader from the start ends its output quietly") {
  auto ends = make_pipe();
  ends.reading.reset();
  sending out("fd:" + std::to_string(ends.writing.get()));
  out.start();
  out.push("one\n");
  CHECK(out.delivers());
  CHECK(out.account().filtered.lines == 1);
}

TEST_CASE("a terminal that has gone ends its output quietly") {
  terminal_ends ends = make_terminal();
  sending out("fd:" + std::to_string(ends.terminal.get()));
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  ends.keyboard.reset();
  out.push("two\n");
  CHECK(out.delivers());
  CHECK(out.report().ended);
}

TEST_CASE("a full device is tried again and the listener can be told to stop meanwhile") {
  const fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  sending out("fd:" + std::to_string(full.get()));
  out.start();
  out.push("line\n");
  REQUIRE(out.retries(2));
  CHECK_THAT(out.report().last_error, Catch::Contains("No space left on device"));
  out.abandon();
  CHECK(out.ends(1s));
  CHECK(out.account().pending.lines == 1);
}

TEST_CASE("the reader of an inherited pipe sees its end when the output has ended") {
  auto ends = make_pipe();
  pipe_sink sink(std::move(ends.reading));
  sending out("fd:" + std::to_string(ends.writing.get()));
  out.start();
  out.push("line\n");
  out.close();
  REQUIRE(out.ends());
  CHECK(eventually([&] { return sink.ended(); }));
}

TEST_CASE("a descriptor that cannot be written to is refused") {
  const auto ends = make_pipe();
  CHECK_THROWS_WITH(sending("fd:999"), Catch::Contains("descriptor 999: Bad file descriptor"));
  CHECK_THROWS_WITH(sending("fd:" + std::to_string(ends.reading.get())), Catch::Contains("Bad file descriptor"));
  CHECK_THROWS_WITH(sending("fd:x"), Catch::Contains("takes the number of an open descriptor"));
}

}  // namespace
}  // namespace logrelay
