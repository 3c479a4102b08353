#include "output_contract.hpp"

#include <support/pipe_sink.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <optional>

namespace logrelay {
namespace {

using namespace support;

fd reader_of(const std::string& fifo) { return fd(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)); }

class fifo_peer final : public output_peer {
 public:
  explicit fifo_peer(bool hangs) {
    make_fifo(folder_ / "fifo");
    reading_ = reader_of(folder_ / "fifo");
    if (!hangs) wake_up();
  }
  std::string endpoint() const override { return "fifo:" + folder_ / "fifo"; }
  std::string text() override { return sink_ ? sink_->text() : std::string(); }
  void wake_up() override { sink_.emplace(folder_ / "fifo"); }

 private:
  const temp_folder folder_;
  fd reading_;  // the pipe has a reader, who sleeps
  std::optional<pipe_sink> sink_;
};

TEST_CASE("a FIFO keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<fifo_peer>(hangs); });
}

TEST_CASE("a FIFO without a reader holds its lines and the first reader gets them all") {
  const temp_folder folder;
  sending out("fifo:" + folder / "fifo");
  out.start();
  out.push(numbered_lines(0, 20'000));
  REQUIRE(out.retries(2));
  CHECK_THAT(out.report().last_error, Catch::Contains("nobody reads"));
  CHECK(eventually([] { return cost_of_idling() < 20ms; }));
  const pipe_sink sink(folder / "fifo");
  CHECK(out.delivers());
  CHECK(eventually([&] { return sink.text() == numbered_lines(0, 20'000); }));
}

TEST_CASE("what a reader leaves in the FIFO the next one gets once and whole") {
  const temp_folder folder;
  make_fifo(folder / "fifo");
  auto first = reader_of(folder / "fifo");
  sending out("fifo:" + folder / "fifo");
  out.start();
  out.push(numbered_lines(0, 20'000));
  std::string text(1001, ' ');
  REQUIRE(eventually([&] {
    pollfd ready{first.get(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }));
  REQUIRE(::read(first.get(), text.data(), text.size()) == 1001);
  first.reset();
  REQUIRE(out.retries());
  const pipe_sink next(folder / "fifo");
  CHECK(out.delivers());
  CHECK(eventually([&] { return text + next.text() == numbered_lines(0, 20'000); }));
  CHECK(out.account().balances());
}

TEST_CASE("another FIFO in the place of one that nobody reads any more gets what was not read there") {
  const temp_folder folder;
  const auto path = folder / "fifo";
  make_fifo(path);
  auto first = reader_of(path);
  sending out("fifo:" + path);
  out.start();
  out.push(numbered_lines(0, 20'000));
  std::string text(2010, ' ');  // a hundred lines, and half of one
  REQUIRE(eventually([&] {
    pollfd ready{first.get(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }));
  REQUIRE(::read(first.get(), text.data(), text.size()) == 2010);
  std::filesystem::remove(path);
  make_fifo(path);
  first.reset();
  const pipe_sink next(path);
  CHECK(out.delivers());
  CHECK(eventually([&] { return next.text() == numbered_lines(100, 19'900); }));
  CHECK(out.account().balances());
}

TEST_CASE("a line is pending until it is read") {
  const temp_folder folder;
  make_fifo(folder / "fifo");
  const auto reading = reader_of(folder / "fifo");
  sending out("fifo:" + folder / "fifo");
  out.start();
  out.push("line\n");
  out.close();
  CHECK_FALSE(out.ends(50ms));
  CHECK(out.account().pending.lines == 1);
  char got[5];
  CHECK(eventually([&] { return ::read(reading.get(), got, sizeof got) == 5; }));
  CHECK(out.ends());
  CHECK(out.account().delivered.lines == 1);
}

TEST_CASE("a FIFO that nobody reads is left when the listener is told to stop") {
  const temp_folder folder;
  sending out("fifo:" + folder / "fifo");
  out.start();
  out.push("line\n");
  REQUIRE(out.retries());
  out.abandon();
  CHECK(out.ends(1s));
}

TEST_CASE("an output's FIFO is made with the mode that was asked for and taken back when the start fails") {
  const temp_folder folder;
  const mode_t before = ::umask(077);
  sending out("fifo:" + folder / "fifo,mode=0644");
  ::umask(before);
  struct stat made {};
  REQUIRE(::stat((folder / "fifo").c_str(), &made) == 0);
  CHECK(S_ISFIFO(made.st_mode));
  CHECK((made.st_mode & 07777) == 0644);
  out.to().unprepare();
  CHECK(names_in(folder.path()).empty());
  out.start();  // so that it can end
}

TEST_CASE("a file in the place of an output's FIFO is refused with the way out") {
  const temp_folder folder;
  write_file(folder / "file", "");
  CHECK_THROWS_WITH(sending("fifo:" + folder / "file"), Catch::Contains("it is none; write a file as"));
}

}  // namespace
}  // namespace logrelay
