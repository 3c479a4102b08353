#include "input_contract.hpp"

#include <support/powerless.hpp>
#include <support/sockets.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;

class pipe_peer final : public input_peer {
 public:
  std::string endpoint() const override { return "fd:" + std::to_string(pipe_.reading.get()); }
  void write(std::string_view lines) override { write_all(pipe_.writing, lines); }
  bool leave() override { return pipe_.writing.reset(), true; }

 private:
  pipe_ends pipe_ = make_pipe();
};

class stdin_peer final : public input_peer {
 public:
  std::string endpoint() const override { return "-"; }
  void write(std::string_view lines) override { write_all(pipe_.writing, lines); }
  bool leave() override { return pipe_.writing.reset(), true; }

 private:
  pipe_ends pipe_ = make_pipe();
  stand_in as_stdin_{STDIN_FILENO, std::exchange(pipe_.reading, {})};
};

class inherited_socket_peer final : public input_peer {
 public:
  inherited_socket_peer() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    theirs_.reset(ends[0]);
    ours_.reset(ends[1]);
  }
  std::string endpoint() const override { return "fd:" + std::to_string(theirs_.get()); }
  void write(std::string_view lines) override { write_all(ours_, lines); }
  bool leave() override { return ours_.reset(), true; }

 private:
  fd theirs_, ours_;
};

class terminal_peer final : public input_peer {
 public:
  std::string endpoint() const override { return "fd:" + std::to_string(ends_.terminal.get()); }
  void write(std::string_view lines) override { write_all(ends_.keyboard, lines); }
  bool leave() override { return write_all(ends_.keyboard, "\4"), true; }

 private:
  terminal_ends ends_ = make_terminal();
};

class fifo_peer final : public input_peer {
 public:
  explicit fifo_peer(std::string options = {}) : options_(std::move(options)) {}
  std::string endpoint() const override { return "fifo:" + folder_ / "fifo" + options_; }
  void connect(reading&) override { writing_.reset(::open((folder_ / "fifo").c_str(), O_WRONLY | O_CLOEXEC)); }
  void write(std::string_view lines) override { write_all(writing_, lines); }
  bool leave() override { return writing_.reset(), !options_.empty(); }

 private:
  const temp_folder folder_;
  const std::string options_;
  fd writing_;
};

int flags_of(const fd& descriptor) { return ::fcntl(descriptor.get(), F_GETFL); }

TEST_CASE("an inherited pipe keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<pipe_peer>(); });
}

TEST_CASE("standard input keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<stdin_peer>(); });
}

TEST_CASE("an inherited socket keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<inherited_socket_peer>(); });
}

TEST_CASE("an inherited terminal keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<terminal_peer>(); });
}

TEST_CASE("a FIFO keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<fifo_peer>(); });
}

TEST_CASE("a FIFO that ends with its writers keeps the contract of inputs") {
  check_input_contract([] { return std::make_unique<fifo_peer>(",until-eof=yes"); });
}

TEST_CASE("lines of standard input say that they come from it") {
  pipe_ends pipe = make_pipe();
  const stand_in as_stdin(STDIN_FILENO, pipe.reading);
  reading in("-");
  in.start();
  write_all(pipe.writing, "a\n");
  REQUIRE(in.comes("a\n"));
  CHECK(in.lines()[0].stream == "stdin");
}

TEST_CASE("a last line without a newline is kept and completed") {
  pipe_ends pipe = make_pipe();
  reading in("fd:" + std::to_string(pipe.reading.get()));
  in.start();
  write_all(pipe.writing, "whole\npart");
  pipe.writing.reset();
  CHECK(in.ends());
  CHECK(in.text() == "whole\npart\n");
}

TEST_CASE("a partial line is published when the reading is given up") {
  pipe_ends pipe = make_pipe();
  reading in("fd:" + std::to_string(pipe.reading.get()));
  in.start();
  write_all(pipe.writing, "whole\npart");
  REQUIRE(in.comes("whole\n"));
  in.stop_now();
  CHECK(in.ends());
  CHECK(in.text() == "whole\npart\n");
}

TEST_CASE("a standard input that is closed is empty") {
  const pipe_ends pipe = make_pipe();
  const fd closed(::open("/", O_PATH | O_CLOEXEC));  // what the program puts in its place
  const stand_in as_stdin(STDIN_FILENO, closed);
  reading in("-");
  in.start();
  CHECK(in.ends());
  CHECK(in.text().empty());
  CHECK_FALSE(in.in().failed);
}

TEST_CASE("after an interrupt a standard input that is a pipe is read to its end") {
  pipe_ends pipe = make_pipe();
  const stand_in as_stdin(STDIN_FILENO, pipe.reading);
  reading in("-");
  in.start();
  in.stop(stop_kind::interrupt);
  write_all(pipe.writing, "late\n");
  REQUIRE(in.comes("late\n"));
  pipe.writing.reset();
  CHECK(in.ends());
}

TEST_CASE("after an interrupt a terminal is not read to its end") {
  const terminal_ends terminal = make_terminal();
  const stand_in as_stdin(STDIN_FILENO, terminal.terminal);
  reading in("-");
  in.start();
  in.stop(stop_kind::interrupt);
  CHECK(in.ends());
}

TEST_CASE("the writer of an inherited pipe learns that the relay has stopped reading") {
  pipe_ends pipe = make_pipe();
  reading in("fd:" + std::to_string(pipe.reading.get()));
  in.start();
  in.stop();
  REQUIRE(in.ends());
  CHECK_THROWS_WITH(write_all(pipe.writing, "x\n"), Catch::Contains("Broken pipe"));
}

TEST_CASE("inherited descriptors keep their flags while they are read and afterwards") {
  pipe_ends pipe = make_pipe();
  const terminal_ends terminal = make_terminal();
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const fd socket(ends[0]), other(ends[1]);
  for (const fd* each : std::initializer_list<const fd*>{&pipe.reading, &terminal.terminal, &socket}) {
    const fd shared(::fcntl(each->get(), F_DUPFD_CLOEXEC, 3));  // as the shell has it
    const int before = flags_of(shared);
    reading in("fd:" + std::to_string(each->get()));
    in.start();
    write_all(each == &socket ? other : each == &pipe.reading ? pipe.writing : terminal.keyboard, "x\n");
    REQUIRE(in.comes("x\n"));
    CHECK(flags_of(shared) == before);
    in.stop();
    REQUIRE(in.ends());
    CHECK(flags_of(shared) == before);
  }
}

// Another user's pipe or terminal cannot be opened anew by /proc: then its description is shared, and would block.
class shared_pipe_peer final : public input_peer {
 public:
  shared_pipe_peer() { REQUIRE(::fchmod(pipe_.reading.get(), 0) == 0); }
  std::string endpoint() const override { return "fd:" + std::to_string(pipe_.reading.get()); }
  void write(std::string_view lines) override { write_all(pipe_.writing, lines); }
  bool leave() override { return pipe_.writing.reset(), true; }

 private:
  pipe_ends pipe_ = make_pipe();
};

TEST_CASE("a pipe that cannot be opened anew keeps the contract of inputs") {
  const powerless nobody;
  check_input_contract([] { return std::make_unique<shared_pipe_peer>(); });
}

TEST_CASE("a pipe that cannot be opened anew keeps its flags and two inputs of it never block the reader") {
  const powerless nobody;
  pipe_ends pipe = make_pipe();
  REQUIRE(::fchmod(pipe.reading.get(), 0) == 0);
  const fd again(::fcntl(pipe.reading.get(), F_DUPFD_CLOEXEC, 3));
  const int before = flags_of(pipe.reading);
  reading in({"fd:" + std::to_string(pipe.reading.get()), "fd:" + std::to_string(again.get())});
  in.start();
  write_all(pipe.writing, "x\n");
  REQUIRE(in.comes("x\n"));
  CHECK(flags_of(pipe.reading) == before);
  in.stop();
  CHECK(in.ends());
}

TEST_CASE("a terminal that has gone is no failure") {
  terminal_ends terminal = make_terminal();
  reading in("fd:" + std::to_string(terminal.terminal.get()));
  in.start();
  write_all(terminal.keyboard, "x\n");
  REQUIRE(in.comes("x\n"));
  terminal.keyboard.reset();
  CHECK(in.ends());
  CHECK_FALSE(in.in().failed);
}

TEST_CASE("what cannot be read from is refused before anything starts") {
  const pipe_ends pipe = make_pipe();
  const temp_folder folder;
  const fd directory(::open(folder.path().c_str(), O_RDONLY | O_CLOEXEC));
  const fd listener = bound_tcp();
  listen_on(listener);
  const fd datagrams = bound_udp();
  CHECK_THROWS_WITH(reading("fd:999"), Catch::Contains("descriptor 999: Bad file descriptor"));
  CHECK_THROWS_WITH(reading("fd:" + std::to_string(pipe.writing.get())), Catch::Contains("open for writing only"));
  CHECK_THROWS_WITH(reading("fd:" + std::to_string(directory.get())), Catch::Contains("Is a directory"));
  CHECK_THROWS_WITH(reading("fd:" + std::to_string(listener.get())), Catch::Contains("no connection"));
  CHECK_THROWS_WITH(reading("fd:" + std::to_string(datagrams.get())), Catch::Contains("no connection"));
}

TEST_CASE("a FIFO is made where there is none with the mode that was asked for under any umask") {
  const temp_folder folder;
  const mode_t before = ::umask(077);
  reading in("fifo:" + folder / "fifo" + ",mode=0622");
  ::umask(before);
  struct stat made {};
  REQUIRE(::stat((folder / "fifo").c_str(), &made) == 0);
  CHECK(S_ISFIFO(made.st_mode));
  CHECK((made.st_mode & 07777) == 0622);
  in.in().unprepare();
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("a FIFO that was there stays when the start fails") {
  const temp_folder folder;
  make_fifo(folder / "fifo");
  reading in("fifo:" + folder / "fifo");
  in.in().unprepare();
  CHECK(names_in(folder.path()) == std::vector{"fifo"s});
}

TEST_CASE("a FIFO stays open when its writers leave") {
  fifo_peer peer;
  reading in(peer.endpoint());
  in.start();
  peer.connect(in);
  peer.write("one\npart");
  peer.leave();
  peer.connect(in);
  peer.write(" two\n");
  CHECK(in.comes("one\npart two\n"));
}

TEST_CASE("a file in the place of a FIFO is refused") {
  const temp_folder folder;
  write_file(folder / "file", "");
  CHECK_THROWS_WITH(reading("fifo:" + folder / "file"), Catch::Contains("it is none"));
}

}  // namespace
}  // namespace logrelay
