#include "output_contract.hpp"

#include <support/file_session.hpp>
#include <support/no_more_threads.hpp>
#include <support/process.hpp>
#include <support/set_clock.hpp>
#include <support/small_disk.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>
#include <logrelay/output/file_output.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <optional>

namespace logrelay {
namespace {

using namespace support;
using namespace std::string_literals;
using names = std::vector<std::string>;

class file_peer final : public output_peer {
 public:
  std::string endpoint() const override { return folder_ / "file"; }
  std::string text() override { return read_file(folder_ / "file"); }

 private:
  const temp_folder folder_;
};

unsigned mode_of(const std::string& path) {
  struct stat what {};
  REQUIRE(::stat(path.c_str(), &what) == 0);
  return what.st_mode & 07777;
}

/// What a file output writes, whole: pushed, flushed, ended.
void write_through(const std::string& endpoint, std::string_view lines) {
  sending out(endpoint);
  out.push(lines);
  out.start();
  out.close();
  REQUIRE(out.ends());
  REQUIRE(out.account().pending.lines == 0);
}

/// Everything in the parts and the live file, in the order of their age.
std::string parts_text(const temp_folder& folder, const std::string& name) {
  std::string text;
  for (const auto& each : names_in(folder.path()))
    if (each != name) text += read_file(folder / each);
  return text + read_if_there(folder / name);
}

TEST_CASE("a file keeps the contract of outputs") {
  check_output_contract([](bool hangs) -> std::unique_ptr<output_peer> {
    return hangs ? nullptr : std::make_unique<file_peer>();
  });
}

TEST_CASE("lines go behind what a file holds") {
  const temp_folder folder;
  write_file(folder / "file", "old\n");
  write_through(folder / "file", "new\n");
  CHECK(read_file(folder / "file") == "old\nnew\n");
}

TEST_CASE("with append=no a file is emptied at the start only") {
  const temp_folder folder;
  write_file(folder / "file", "old\n");
  sending out(folder / "file,append=no");
  CHECK(read_file(folder / "file") == "old\n");  // preparing changes nothing
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  CHECK(read_file(folder / "file") == "one\n");
  out.reopen();
  out.push("two\n");
  REQUIRE(out.delivers());
  CHECK(read_file(folder / "file") == "one\ntwo\n");
  std::filesystem::rename(folder / "file", folder / "moved");
  write_file(folder / "file", "somebody's\n");
  out.reopen();
  REQUIRE(eventually([&] {
    out.push("three\n");
    return out.delivers() && read_file(folder / "file").find("three") != std::string::npos;
  }));
  CHECK(read_file(folder / "file").starts_with("somebody's\nthree\n"));
}

TEST_CASE("a file without a final newline gets one before the first line and none without a line") {
  const temp_folder folder;
  write_file(folder / "file", "part");
  write_through(folder / "file", "");
  CHECK(read_file(folder / "file") == "part");
  write_through(folder / "file", "new\n");
  CHECK(read_file(folder / "file") == "part\nnew\n");
}

TEST_CASE("parent folders are made and a new file has the mode that was asked for") {
  const temp_folder folder;
  const mode_t before = ::umask(077);
  write_through(folder / "a/b//file,mode=0640", "line\n");
  write_through(folder / "plain", "line\n");
  ::umask(before);
  CHECK(read_file(folder / "a/b/file") == "line\n");
  CHECK(mode_of(folder / "a/b/file") == 0640);
  CHECK(mode_of(folder / "plain") == 0600);
}

TEST_CASE("what was made for a start that fails is removed and nothing else") {
  const temp_folder folder;
  std::filesystem::create_directory(folder / "there");
  write_file(folder / "there/old", "old\n");
  sending made(folder / "there/new/folder/file"), found(folder / "there/old,append=no");
  CHECK(std::filesystem::exists(folder / "there/new/folder/file"));
  made.to().unprepare();
  found.to().unprepare();
  CHECK(names_in(folder / "there") == names{"old"});
  CHECK(read_file(folder / "there/old") == "old\n");
  made.start();  // so that they can end
  found.start();
  made.abandon();
  REQUIRE(made.ends());
}

TEST_CASE("what cannot be opened is refused with the reason and leaves nothing behind") {
  const temp_folder folder;
  make_fifo(folder / "fifo");
  write_file(folder / "file", "");
  CHECK_THROWS_WITH(sending(folder.path().string()),
                    Catch::Contains("unable to open") && Catch::Contains("Is a directory"));
  CHECK_THROWS_WITH(sending(folder / "fifo"), Catch::Contains("it is a FIFO; write it as fifo:" + folder / "fifo"));
  CHECK_THROWS_WITH(sending(folder / "file/below"), Catch::Contains("Not a directory"));
  CHECK_THROWS(sending(folder / "new/" + std::string(300, 'x')));
  CHECK(names_in(folder.path()) == names{"fifo", "file"});
}

TEST_CASE("a second relay on the same file is refused and the first one named") {
  const temp_folder folder;
  sending first(folder / "file");
  CHECK_THROWS_WITH(sending(folder / "file"), Catch::Contains("process " + std::to_string(::getpid()) + " (") &&
                                                  Catch::Contains("holds it"));
  std::filesystem::create_symlink(folder / "file", folder / "link");
  CHECK_THROWS_WITH(sending(folder / "link"), Catch::Contains("holds it"));
  first.start();
  first.close();
  CHECK(first.ends());
  write_through(folder / "file", "line\n");
}

TEST_CASE("a link to what is not there yet makes it") {
  const temp_folder folder;
  std::filesystem::create_symlink(folder / "target", folder / "link");
  write_through(folder / "link", "line\n");
  CHECK(read_file(folder / "target") == "line\n");
}

TEST_CASE("after a rename reopening goes on in a new file and leaves the old one alone") {
  const temp_folder folder;
  sending out(folder / "file");
  out.start();
  out.push("one\n");
  REQUIRE(out.delivers());
  std::filesystem::rename(folder / "file", folder / "old");
  out.push("two\n");
  REQUIRE(out.delivers());
  out.reopen();
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "file"); }));
  out.push("three\n");
  REQUIRE(out.delivers());
  CHECK(read_file(folder / "old") == "one\ntwo\n");
  CHECK(read_file(folder / "file") == "three\n");
}

TEST_CASE("files rotate between lines only and no part is larger than was asked for") {
  const temp_folder folder;
  sending out(folder / "file,rotate=1003");
  out.start();
  out.push(numbered_lines(0, 1000));
  REQUIRE(out.delivers());
  const auto all = names_in(folder.path());
  CHECK(all.size() == 20);
  for (const auto& each : all) CHECK(file_size(folder / each) == 1000);
  CHECK(difference(parts_text(folder, "file"), numbered_lines(0, 1000)) == "");
  out.close();
  CHECK(out.ends());
  CHECK(out.report().rotations == 19);
}

TEST_CASE("a line that is larger than a part gets one of its own") {
  const temp_folder folder;
  write_through(folder / "file,rotate=10", "a\n" + equal_lines(1, 1000) + "b\nc\n");
  CHECK(parts_text(folder, "file") == "a\n" + equal_lines(1, 1000) + "b\nc\n");
  CHECK(names_in(folder.path()).size() == 3);
  CHECK(read_file(folder / "file") == "b\nc\n");
}

TEST_CASE("a file that was there counts when it is rotated and so does its missing newline") {
  const temp_folder folder;
  write_file(folder / "file", "123456");
  write_through(folder / "file,rotate=10", "ab\ncd\n");
  CHECK(read_file(folder / "file") == "cd\n");
  CHECK(parts_text(folder, "file") == "123456\nab\ncd\n");
}

TEST_CASE("as many rotated files stay as were asked for") {
  const temp_folder folder;
  write_through(folder / "file,rotate=200,keep=3", numbered_lines(0, 100));
  CHECK(names_in(folder.path()).size() == 4);
  CHECK(difference(parts_text(folder, "file"), numbered_lines(60, 40)) == "");
}

/// A file output whose parts are compressed, with what it says.
class packed_file {
 public:
  explicit packed_file(const temp_folder& folder) {
    file_rules rules;
    rules.path = folder / "file";
    rules.rotate_bytes = 100;
    rules.names = naming::number;
    rules.compress = compression::gzip;
    out_.emplace(rules, clock_);
    out_->set_speaker([this](severity, std::string_view text) { said.emplace_back(text); });
    out_->prepare();
    REQUIRE(out_->open(wait_).what == outcome::done);
  }
  void write(std::uint64_t first, std::size_t lines) {
    lines_to_write text(numbered_lines(first, lines));
    while (text.bytes() > 0) {
      const auto how = out_->write(text);
      REQUIRE(how.what == outcome::done);
      text.wrote(how.taken);
    }
  }
  void finish() { REQUIRE(out_->finish(wait_).what == outcome::done); }
  names said;

 private:
  time_source clock_;
  wake alarm_;
  waiter wait_{alarm_};
  std::optional<file_output> out_;
};

TEST_CASE("where no thread is to be had rotated files are compressed at the end and that is said once") {
  const temp_folder folder;
  const no_more_threads meanwhile;
  packed_file out(folder);
  out.write(0, 20);
  CHECK(names_in(folder.path()) == names{"file", "file.1", "file.2", "file.3"});
  out.finish();
  CHECK(names_in(folder.path()) == names{"file", "file.1.gz", "file.2.gz", "file.3.gz"});
  REQUIRE(out.said.size() == 1);
  CHECK_THAT(out.said[0], Catch::StartsWith("unable to start a thread that sees to rotated files: "));
}

TEST_CASE("a thread for rotated files that was not to be had is there once it is") {
  const temp_folder folder;
  auto meanwhile = std::make_optional<no_more_threads>();
  packed_file out(folder);
  out.write(0, 10);
  meanwhile.reset();
  out.write(10, 10);  // and there is no end at which they would be done
  CHECK(eventually([&] { return names_in(folder.path()) == names{"file", "file.1.gz", "file.2.gz", "file.3.gz"}; }));
}

TEST_CASE("a rotation that was asked for comes between two lines and an empty file is not rotated") {
  const temp_folder folder;
  sending out(folder / "file");
  out.start();
  out.rotate();
  out.push("one\n");
  REQUIRE(out.delivers());
  REQUIRE(names_in(folder.path()) == names{"file"});
  out.rotate();
  REQUIRE(eventually([&] { return names_in(folder.path()).size() == 2; }));
  out.push("two\n");
  REQUIRE(out.delivers());
  CHECK(read_file(folder / "file") == "two\n");
  CHECK(parts_text(folder, "file") == "one\ntwo\n");
}

TEST_CASE("a file that somebody else has emptied is not rotated too early") {
  const temp_folder folder;
  sending out(folder / "file,rotate=1000");
  out.start();
  out.push(numbered_lines(0, 49));
  REQUIRE(out.delivers());
  std::filesystem::resize_file(folder / "file", 0);
  out.push(numbered_lines(49, 40));
  REQUIRE(out.delivers());
  CHECK(names_in(folder.path()) == names{"file"});
  CHECK(difference(read_file(folder / "file"), numbered_lines(49, 40)) == "");
}

TEST_CASE("a file that somebody else has put in the place is not rotated away") {
  const temp_folder folder;
  sending out(folder / "file,rotate=100");
  out.start();
  out.push(numbered_lines(0, 5));
  REQUIRE(out.delivers());
  std::filesystem::rename(folder / "file", folder / "moved");
  write_file(folder / "file", "new\n");
  out.push(numbered_lines(5, 1));
  REQUIRE(out.delivers());
  CHECK(names_in(folder.path()) == names{"file", "moved"});
  CHECK(read_file(folder / "file") == "new\n" + numbered_lines(5, 1));
}

TEST_CASE("a folder that is another for a while makes the output wait") {
  const temp_folder folder;
  const time_source real;
  file_rules rules;
  rules.path = folder / "folder/file";
  file_output file(rules, real);
  file.prepare();
  wake alarm;
  waiter wait(alarm);
  REQUIRE(file.open(wait).what == outcome::done);
  REQUIRE(file.write(lines_to_write(numbered_lines(0, 1))).taken == 20);
  std::filesystem::rename(folder / "folder", folder / "gone");
  write_file(folder / "folder", "in the way");
  CHECK(file.rotate().what == outcome::retry);
  CHECK(file.reopen().what == outcome::retry);
  std::filesystem::remove(folder / "folder");
  std::filesystem::rename(folder / "gone", folder / "folder");
  const bool reopens = GENERATE(false, true);
  CHECK((reopens ? file.reopen() : file.open(wait)).what == outcome::done);
  CHECK(file.write(lines_to_write(numbered_lines(1, 1))).taken == 20);
  file.close(0);
  CHECK(read_file(folder / "folder/file") == numbered_lines(0, 2));
}

TEST_CASE("a full disk pauses in mid-line and goes on there when there is room") {
  const auto disk = small_disk::mount(1024 * 1024);
  if (!disk) {
    WARN("only root may mount a small disk");
    return;
  }
  disk->fill();
  sending out(*disk / "file");
  out.start();
  out.push(numbered_lines(0, 10'000));
  REQUIRE(out.retries(2));
  CHECK_THAT(out.report().last_error, Catch::Contains("No space left on device"));
  CHECK(out.account().pending.lines > 0);
  disk->make_room();
  CHECK(out.delivers());
  CHECK(difference(read_file(*disk / "file"), numbered_lines(0, 10'000)) == "");
  CHECK(out.account().balances());
}

TEST_CASE("a line that the disk tore is cut back at the end and stays pending") {
  const auto disk = small_disk::mount(1024 * 1024);
  if (!disk) {
    WARN("only root may mount a small disk");
    return;
  }
  sending out(*disk / "file");
  out.start();
  out.push(equal_lines(20'000, 1001));
  REQUIRE(out.retries());
  out.abandon();
  REQUIRE(out.ends());
  const auto text = read_file(*disk / "file");
  CHECK(text.size() % 1001 == 0);
  CHECK(text.ends_with('\n'));
  CHECK(out.account().delivered.lines == text.size() / 1001);
  CHECK(out.account().balances());
}

TEST_CASE("a missing newline that a full disk has no room for is written when there is some") {
  const auto disk = small_disk::mount(64 * 1024);
  if (!disk) {
    WARN("only root may mount a small disk");
    return;
  }
  std::string text(4096, 'x');
  write_file(*disk / "file", text);
  disk->fill();
  sending out(*disk / "file");
  out.start();
  out.push("line\n");
  REQUIRE(out.retries(2));
  disk->make_room();
  CHECK(out.delivers());
  CHECK(read_file(*disk / "file") == text.append("\nline\n"));
}

TEST_CASE("a full device is tried again") {
  sending out("file:/dev/full");
  out.start();
  out.push("line\n");
  REQUIRE(out.retries(2));
  CHECK_THAT(out.report().last_error, Catch::Contains("unable to write /dev/full: No space left on device"));
}

TEST_CASE("what a file output is told is checked") {
  CHECK_THROWS_WITH(sending("file:"), Catch::Contains("a file needs a path"));
  CHECK_THROWS_WITH(sending("x,rotate=0"), Catch::Contains("would begin a new file for ever"));
  CHECK_THROWS_WITH(sending("x,keep=3"), Catch::Contains("add rotate=SIZE"));
}

TEST_CASE("octets behind a file get no newline before them") {
  const temp_folder folder;
  write_file(folder / "file", "3 abc");
  write_through(folder / "file,framing=octet", "line\n");
  CHECK(read_file(folder / "file").starts_with("3 abc4 line"));
}

}  // namespace
}  // namespace logrelay
