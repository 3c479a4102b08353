#include <logrelay/core/wire_window.hpp>
#include <logrelay/output/pipe_end.hpp>

#include <support/sockets.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <csignal>
#include <cstring>

namespace logrelay {
namespace {

using namespace support;

batch lines(std::string_view text) {
  static block_pool pool;
  batch made;
  made.memory = pool.take(text.size());
  std::memcpy(made.memory->data(), text.data(), text.size());
  made.data = made.memory->data();
  made.size = static_cast<std::uint32_t>(text.size());
  made.count = count_lines(text, framing::newline);
  return made;
}

struct end {
  end() {
    ::signal(SIGPIPE, SIG_IGN);
    ::fcntl(pipe.writing.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(pipe.writing.get(), F_SETPIPE_SZ, 4096);
  }
  write_result write(std::string_view text) {
    window.clear();
    window.add({lines(text), false, {}, {}});
    return write_pipe(pipe.writing, window.next());
  }
  pipe_ends pipe = make_pipe();
  wire_window window{false};
};

TEST_CASE("a pipe takes what fits and tells how much of it is unread") {
  end one;
  CHECK(one.write("line\n").taken == 5);
  CHECK(unread_bytes(one.pipe.writing) == 5);
  std::size_t all = 5;
  auto how = one.write(std::string(10'000, 'x') + '\n');
  CHECK(how.taken > 0);
  CHECK(how.taken < 10'000);
  for (; how.taken > 0; how = one.write("line\n")) all += how.taken;  // what was too much may have left room for less
  CHECK(how.what == outcome::done);
  CHECK(unread_bytes(one.pipe.writing) == all);
}

TEST_CASE("a pipe without a reader is to be tried again and what is unread stays known") {
  end one;
  CHECK(one.write("line\n").taken == 5);
  one.pipe.reading.reset();
  const auto how = one.write("line\n");
  CHECK(how.what == outcome::retry);
  CHECK(how.why.empty());
  CHECK(unread_bytes(one.pipe.writing) == 5);
}

TEST_CASE("no pipe has nothing unread") { CHECK(unread_bytes(fd()) == 0); }

}  // namespace
}  // namespace logrelay
