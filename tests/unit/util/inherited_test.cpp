#include <catch2/catch.hpp>
#include <logrelay/util/inherited.hpp>
#include <support/temp_folder.hpp>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace logrelay {
namespace {

struct pipe_ends {
  pipe_ends() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  fd reading, writing;
};

TEST_CASE("the kinds of descriptors are told apart") {
  const support::temp_folder folder;
  const pipe_ends pipe;
  const fd regular(::open((folder / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const fd path_only(::open("/", O_PATH | O_CLOEXEC));
  const fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const fd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  CHECK(kind_of(regular.get()) == descriptor_kind::regular);
  CHECK(kind_of(pipe.reading.get()) == descriptor_kind::pipe);
  CHECK(kind_of(pipe.writing.get()) == descriptor_kind::pipe);
  CHECK(kind_of(socket.get()) == descriptor_kind::socket);
  CHECK(kind_of(null.get()) == descriptor_kind::other);
  CHECK(kind_of(terminal.get()) == descriptor_kind::terminal);
  CHECK(kind_of(path_only.get()) == descriptor_kind::closed);
  CHECK(kind_of(12345) == descriptor_kind::closed);
}

TEST_CASE("a pipe that is opened anew is non-blocking, and the one that others share is not") {
  const pipe_ends pipe;
  const fd ours = open_anew(pipe.reading.get(), O_RDONLY);
  REQUIRE(ours);
  CHECK((::fcntl(ours.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(ours.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(pipe.reading.get(), F_GETFL) & O_NONBLOCK) == 0);
  REQUIRE(::write(pipe.writing.get(), "x", 1) == 1);
  char got = 0;
  CHECK(::read(ours.get(), &got, 1) == 1);
  CHECK(got == 'x');
}

TEST_CASE("a socket cannot be opened anew") {
  const fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK_FALSE(open_anew(socket.get(), O_RDONLY));
}

TEST_CASE("a retired descriptor keeps its number and lets the other end see us leave") {
  pipe_ends pipe;
  fd ours = open_anew(pipe.writing.get(), O_WRONLY);
  REQUIRE(ours);
  retire(pipe.writing.get(), O_WRONLY);
  CHECK(kind_of(pipe.writing.get()) == descriptor_kind::other);
  pollfd end{pipe.reading.get(), POLLIN, 0};
  CHECK(::poll(&end, 1, 0) == 0);
  ours.reset();
  CHECK(::poll(&end, 1, 0) == 1);
  CHECK((end.revents & POLLHUP) != 0);
}

}  // namespace
}  // namespace logrelay
