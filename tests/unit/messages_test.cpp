#include <logrelay/messages.hpp>

#include <support/eventually.hpp>
#include <support/pipe_sink.hpp>
#include <support/sockets.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <climits>
#include <csignal>
#include <thread>

namespace logrelay {
namespace {

using namespace support;

/// Says it all with stderr in a file, and returns the file.
template <typename Function>
std::string said(Function&& say_all) {
  const temp_folder folder;
  {
    const fd file(::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const stand_in as_stderr(STDERR_FILENO, file);
    say_all();
  }
  return read_file(folder / "stderr");
}

void say_each(messages& say) {
  say.say(severity::error, "one {} %v");
  say.say(severity::warning, "two");
  say.say(severity::notice, "three");
  say.say(severity::info, "four");
}

TEST_CASE("messages say who they are from and how bad it is where it is") {
  CHECK(said([] {
          messages say(severity::info);
          say_each(say);
        }) == "logrelay: error: one {} %v\nlogrelay: warning: two\nlogrelay: three\nlogrelay: four\n");
}

TEST_CASE("what a peer said neither steers the terminal nor begins a line of its own") {
  CHECK(said([] {
          messages say;
          say.say(severity::warning, "it says: 500 no\x1b[2J\nlogrelay: error: forged");
          say.say(severity::notice, "für \"Größe\" \\ ä");
        }) == "logrelay: warning: it says: 500 no\\x1b[2J\\nlogrelay: error: forged\nlogrelay: für \"Größe\" \\ ä\n");
}

TEST_CASE("what is less than was asked for is not said") {
  CHECK(said([] {
          messages say;
          say_each(say);
        }) == "logrelay: error: one {} %v\nlogrelay: warning: two\nlogrelay: three\n");
  CHECK(said([] {
          messages say(severity::error);
          say_each(say);
        }) == "logrelay: error: one {} %v\n");
}

TEST_CASE("a full stderr is not waited for and what it did not take is counted and told") {
  pipe_ends pipe = make_pipe();
  REQUIRE(::fcntl(pipe.writing.get(), F_SETPIPE_SZ, 4096) == 4096);
  messages say;
  {
    const stand_in as_stderr(STDERR_FILENO, pipe.writing);
    for (int i = 0; i < 1000; ++i) say.say(severity::notice, "message " + std::to_string(i));
    char page[4096];
    REQUIRE(::read(pipe.reading.get(), page, sizeof page) > 0);
    say.say(severity::notice, "again");
  }
  pipe.writing.reset();
  const pipe_sink rest(std::move(pipe.reading));
  REQUIRE(eventually([&] { return rest.ended(); }));
  CHECK_THAT(rest.text(),
             Catch::Contains("messages were not said: stderr was full") && Catch::EndsWith("logrelay: again\n"));
}

TEST_CASE("a stderr that nobody reads any more is no trouble") {
  ::signal(SIGPIPE, SIG_IGN);
  pipe_ends pipe = make_pipe();
  pipe.reading.reset();
  const stand_in as_stderr(STDERR_FILENO, pipe.writing);
  messages say;
  say.say(severity::error, "to nobody");
}

TEST_CASE("a message that is longer than a pipe takes at once is cut and its line ended") {
  const auto text = said([] {
    messages say;
    say.say(severity::error, std::string(10'000, 'x'));
    say.say(severity::error, "next");
  });
  CHECK(text.find('\n') == PIPE_BUF - 1);
  CHECK(text.substr(PIPE_BUF) == "logrelay: error: next\n");
}

TEST_CASE("any thread may say something and lines stay whole") {
  const auto text = said([] {
    messages say;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&say] {
        for (int n = 0; n < 200; ++n) say.say(severity::notice, "the same");
      });
    for (auto& each : threads) each.join();
  });
  std::string wanted;
  for (int i = 0; i < 800; ++i) wanted += "logrelay: the same\n";
  CHECK(text == wanted);
}

}  // namespace
}  // namespace logrelay
