// One file and its rotation, by hand: the clock, the disk and whoever else is in the folder are the test's.
#include <support/faulty_files.hpp>
#include <support/file_session.hpp>
#include <support/lines.hpp>
#include <support/small_disk.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

namespace logrelay {
namespace {

using namespace support;
using namespace std::chrono_literals;
using texts = std::vector<std::string>;
using fault = faulty_files::fault;

/// A file output on a folder of its own, started.
struct subject {
  explicit subject(const std::function<void(file_rules&)>& ask = [](file_rules&) {}, const char* name = "app.log") {
    rules.path = folder / name;
    ask(rules);
    begin();
  }
  void begin() {
    session = std::make_unique<file_session>(rules, clock, files);
    session->start();
  }
  void end() {
    session->close();
    session.reset();
  }
  /// What a kill leaves: everything as it is at this moment.
  void killed() { session.reset(); }
  [[nodiscard]] texts names() const { return names_in(folder.path()); }

  temp_folder folder;
  fake_clock clock;  // 2026-11-22T14:05:01Z
  faulty_files files;
  file_rules rules;
  std::unique_ptr<file_session> session;
};

unsigned mode_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

TEST_CASE("a file is marked while it is written, and not once it was closed") {
  subject of([](file_rules& rules) { rules.mode = 0640, rules.rotate_bytes = 40; });
  of.session->write(numbered_lines(0, 3));
  CHECK(mode_of(of.rules.path) == (0640 | unfinished));
  REQUIRE(of.names().size() == 2);
  CHECK(mode_of(of.folder / of.names().back()) == 0640);
  of.killed();
  CHECK(mode_of(of.rules.path) == (0640 | unfinished));
  of.begin();
  of.end();
  CHECK(mode_of(of.rules.path) == 0640);
}

TEST_CASE("a torn last line is completed at the next start, said, and stays whole in its part") {
  subject of([](file_rules& rules) { rules.rotate_bytes = 40; });
  of.session->write(numbered_lines(0, 1));
  of.killed();
  write_file(of.rules.path, numbered_lines(0, 1) + "0000000001 tor");
  of.begin();
  of.session->write(numbered_lines(2, 3));
  CHECK(of.session->said().size() == 1);
  CHECK_THAT(of.session->said().front(), Catch::Contains("was not closed"));
  CHECK(text_by_age(of.rules) == numbered_lines(0, 1) + "0000000001 tor\n" + numbered_lines(2, 3));
}

TEST_CASE("zeros that a power loss has left behind the last line stay apart from the next") {
  subject of;
  of.session->write("one\n");
  of.killed();
  write_file(of.rules.path, "one\n" + std::string(100, '\0'));
  of.begin();
  of.session->write("two\n");
  CHECK(read_file(of.rules.path) == "one\n" + std::string(100, '\0') + "\ntwo\n");
}

TEST_CASE("frames that tell their length are set apart after a kill, for the last one may be torn") {
  subject of([](file_rules& rules) { rules.terminator.reset(); });
  of.session->write("11 hello world\n");
  of.killed();
  of.begin();
  of.session->write("3 abc\n");
  CHECK(read_file(of.rules.path) == "3 abc\n");
  CHECK(of.names().size() == 2);
  of.end();
  of.begin();  // closed cleanly: nothing to set apart
  of.session->write("3 def\n");
  CHECK(read_file(of.rules.path) == "3 abc\n3 def\n");
}

TEST_CASE("a file rotates at a boundary, also when nothing is written") {
  subject of([](file_rules& rules) { rules.every = 1h, rules.utc = true; });
  of.session->write("one\n");
  of.session->pass(54min);
  CHECK(of.names().size() == 1);
  of.session->pass(1min);
  CHECK(of.names().size() == 2);
  CHECK(read_file(of.rules.path).empty());
  of.session->pass(2h);  // an empty one does not
  CHECK(of.names().size() == 2);
  of.clock.pass(1h);
  of.session->write("two\n");
  CHECK(of.names().size() == 2);
  of.clock.pass(1h);
  of.session->write("three\n");
  CHECK(of.names().size() == 3);
  CHECK(text_by_age(of.rules) == "one\ntwo\nthree\n");
  CHECK(of.session->out().rotations() == 2);
}

TEST_CASE("one rotation follows a clock that jumps ahead, as after a suspend") {
  subject of([](file_rules& rules) { rules.every = 1min, rules.utc = true; });
  of.session->write("one\n");
  of.session->pass(24h);
  of.session->write("two\n");
  CHECK(of.names().size() == 2);
}

TEST_CASE("a clock that is set back neither rotates at once nor waits for the old boundary") {
  subject of([](file_rules& rules) { rules.every = 1h, rules.utc = true; });
  of.clock.pass(48h);
  of.session->write("one\n");
  of.session->pass(1h);
  REQUIRE(of.names().size() == 2);
  of.session->write("two\n");
  of.session->pass(-24h);
  CHECK(of.names().size() == 2);
  of.session->pass(1h);
  CHECK(of.names().size() == 3);
  of.session->write("three\n");
  CHECK(text_by_age(of.rules) == "one\ntwo\nthree\n");
}

TEST_CASE("lines of an earlier period are rotated away at the start") {
  subject of([](file_rules& rules) { rules.every = 24h, rules.utc = true; });
  of.session->write("yesterday\n");
  of.end();
  const timespec times[2] = {{1'795'200'000, 0}, {1'795'200'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, of.rules.path.c_str(), times, 0) == 0);
  of.begin();
  of.session->write("today\n");
  CHECK(read_file(of.rules.path) == "today\n");
  CHECK(text_by_age(of.rules) == "yesterday\ntoday\n");
}

TEST_CASE("the time in a path changes it, and no file is made before there is a line for it") {
  subject of(
      [](file_rules& rules) {
        rules.by_time = rules.utc = true, rules.link = rules.path.substr(0, rules.path.find("/%")) + "/current";
      },
      "%Y-%m-%d/%H.log");
  of.session->write("one\n");
  of.session->pass(24h);
  CHECK(of.names() == texts{"2026-11-22", "current"});
  of.session->write("two\n");
  CHECK(read_file(of.folder / "2026-11-22/14.log") == "one\n");
  CHECK(read_file(of.folder / "2026-11-23/14.log") == "two\n");
  CHECK(read_file(of.folder / "current") == "two\n");
  CHECK(mode_of(of.folder / "2026-11-22/14.log") < unfinished);
}

TEST_CASE("a period that had no line leaves no file") {
  subject of([](file_rules& rules) { rules.by_time = rules.utc = true; }, "%H%M.log");
  REQUIRE(of.names() == texts{"1405.log"});
  of.session->pass(1min);
  CHECK(of.names().empty());
  of.session->write("one\n");
  CHECK(of.names() == texts{"1406.log"});
}

TEST_CASE("with every a path is called after the beginning of its period") {
  subject of([](file_rules& rules) { rules.by_time = rules.utc = true, rules.every = 6h; }, "%Y%m%d%H%M.log");
  of.session->write("one\n");
  of.session->pass(4h);
  of.session->write("two\n");
  CHECK(of.names() == texts{"202611221200.log", "202611221800.log"});
}

TEST_CASE("earlier files of a path with the time in it are kept as many as asked for") {
  subject of([](file_rules& rules) { rules.by_time = rules.utc = true, rules.keep.parts = 2; }, "%Y-%m-%d.log");
  write_file(of.folder / "2020-02-30.log", "not ours\n");
  write_file(of.folder / "2020-02-03.log.bak", "not ours\n");
  for (int i = 0; i < 5; ++i) {
    of.session->write("line\n");
    of.session->pass(24h);
  }
  of.session->keep_up();
  CHECK(of.names() == texts{"2020-02-03.log.bak", "2020-02-30.log", "2026-11-25.log", "2026-11-26.log"});
}

TEST_CASE("numbered parts move up, packed or not, around what is not ours and from a gap on") {
  subject of([](file_rules& rules) { rules.names = naming::number, rules.rotate_bytes = 20; });
  std::filesystem::create_directory(of.folder / "app.log.2");
  write_file(of.folder / "app.log.1", "d\n");
  write_file(of.folder / "app.log.3.gz", "c\n");
  write_file(of.folder / "app.log.5", "a\n");
  of.session->write(numbered_lines(0, 2));
  CHECK(of.names() == texts{"app.log", "app.log.1", "app.log.2", "app.log.3", "app.log.4.gz", "app.log.5"});
  CHECK(read_file(of.folder / "app.log.1") == numbered_lines(0, 1));
  CHECK(read_file(of.folder / "app.log.3") == "d\n");
  CHECK(read_file(of.folder / "app.log.4.gz") == "c\n");
}

TEST_CASE("a path that is gone or another file is opened anew within a second") {
  subject of;
  of.session->write("one\n");
  std::filesystem::rename(of.rules.path, of.folder / "moved");
  of.clock.pass(999ms);
  of.session->write("two\n");
  CHECK(read_file(of.folder / "moved") == "one\ntwo\n");
  of.clock.pass(1ms);
  of.session->write("three\n");
  CHECK(read_file(of.rules.path) == "three\n");
  CHECK(mode_of(of.folder / "moved") < unfinished);
  std::filesystem::remove_all(of.rules.path);
  write_file(of.rules.path, "of another\n");
  of.clock.pass(1s);
  of.session->write("four\n");
  CHECK(read_file(of.rules.path) == "of another\nfour\n");
}

TEST_CASE("a link at the live path is followed only where nobody can put one and nothing rotates") {
  const temp_folder folder;
  fake_clock clock;
  file_system files;
  write_file(folder / "target", "");
  std::filesystem::create_symlink(folder / "target", folder / "link");
  file_rules rules;
  rules.path = folder / "link";
  { file_session(rules, clock, files).start(); }
  rules.rotate_bytes = 100;
  CHECK_THROWS_WITH(file_session(rules, clock, files).start(), Catch::Contains("symbolic link, which cannot rotate"));
  rules.rotate_bytes = 0;
  REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);
  CHECK_THROWS_WITH(file_session(rules, clock, files).start(),
                    Catch::Contains("symbolic link, which anyone may have put there"));
  std::filesystem::remove(folder / "link");
  std::filesystem::create_symlink(folder / "nowhere", folder / "link");
  CHECK_THROWS(file_session(rules, clock, files).start());
  CHECK_FALSE(std::filesystem::exists(folder / "nowhere"));
}

TEST_CASE("in a folder that anyone may write to a file with a second name or another owner is a trap") {
  const temp_folder folder;
  fake_clock clock;
  file_system files;
  REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);
  file_rules rules;
  rules.path = folder / "app.log";
  write_file(folder / "precious", "");
  std::filesystem::create_hard_link(folder / "precious", rules.path);
  CHECK_THROWS_WITH(file_session(rules, clock, files).start(), Catch::Contains("another name elsewhere"));
  std::filesystem::remove(rules.path);
  if (::geteuid() == 0) {
    write_file(rules.path, "");
    REQUIRE(::chown(rules.path.c_str(), 12345, 12345) == 0);
    CHECK_THROWS_WITH(file_session(rules, clock, files).start(), Catch::Contains("belongs to user 12345"));
    std::filesystem::remove(rules.path);
  }
  file_session(rules, clock, files).start();
}

TEST_CASE("a link in the way of packing is not followed") {
  subject of([](file_rules& rules) { rules.compress = compression::gzip, rules.rotate_bytes = 20; });
  write_file(of.folder / "precious", "precious");
  of.session->write(numbered_lines(0, 1));
  const auto part = part_names::at_time("app.log", 1'795'356'301'000'000);
  std::filesystem::create_symlink(of.folder / "precious", of.folder / (part + ".gz.tmp"));
  of.session->write(numbered_lines(1, 1));
  of.session->keep_up();
  CHECK(read_file(of.folder / "precious") == "precious");
  CHECK(unpacked_file(of.folder / (part + ".gz")) == numbered_lines(0, 1));
}

TEST_CASE("new files have their mode and owner at every moment, whatever the umask") {
  const auto mask = GENERATE(0u, 022u, 077u);
  const auto old = ::umask(mask);
  subject of([](file_rules& rules) {
    rules.mode = 0664, rules.folder_mode = 0751, rules.compress = compression::zstd, rules.rotate_bytes = 20;
    if (::geteuid() == 0) rules.user = 12345, rules.group = 54321;
  }, "a/b/app.log");
  ::umask(old);
  of.session->write(numbered_lines(0, 2));
  of.end();
  CHECK(mode_of(of.folder / "a") == 0751);
  CHECK(mode_of(of.folder / "a/b") == 0751);
  for (const auto& each : files_by_age(of.rules)) {
    CHECK(mode_of(each) == 0664);
    struct stat facts {};
    REQUIRE(::stat(each.c_str(), &facts) == 0);
    if (::geteuid() == 0) CHECK((facts.st_uid == 12345 && facts.st_gid == 54321));
  }
}

TEST_CASE("with keep-free the relay makes room, the oldest first, and goes on at once") {
  const auto disk = small_disk::mount(1024 * 1024);
  if (!disk) {
    WARN("only root may mount a small disk");
    return;
  }
  fake_clock clock;
  file_system files;
  file_rules rules;
  rules.path = *disk / "app.log";
  rules.rotate_bytes = 64 * 1024;
  rules.keep.free_bytes = 256 * 1024;
  write_file(*disk / "stranger", std::string(100'000, 'x'));
  file_session session(rules, clock, files);
  session.start();
  session.write(numbered_lines(0, 100'000));  // twice what the disk holds
  session.close();
  for (const auto& each : session.said()) CHECK(each == "");
  const auto text = text_by_age(rules);
  CHECK(text == numbered_lines(100'000 - text.size() / 20, text.size() / 20));
  CHECK(text.size() > 400'000);
  CHECK(file_size(*disk / "stranger") == 100'000);
}

TEST_CASE("whatever is wrong with the disk for a while, what is there stays byte for byte and lines go on") {
  const int why = GENERATE(EIO, ENOSPC, EDQUOT, EROFS);
  subject of([](file_rules& rules) { rules.rotate_bytes = 100; });
  of.session->write(numbered_lines(0, 12));
  const auto before = text_by_age(of.rules);
  of.files = faulty_files(fault::error, 0, why);
  of.files.for_ever();
  wake alarm;
  waiter wait(alarm);
  for (int i = 0; i < 5; ++i) {
    lines_to_write lines(numbered_lines(12, 1));
    CHECK(of.session->out().write(lines).what == outcome::retry);
    of.session->out().open(wait);
    of.clock.pass(500ms);
  }
  CHECK(text_by_age(of.rules) == before);
  of.files.recover();
  of.session->write(numbered_lines(12, 12));
  CHECK(text_by_age(of.rules) == numbered_lines(0, 24));
}

TEST_CASE("with sync=always a line is acked once it is on the disk") {
  subject of([](file_rules& rules) { rules.sync = sync_when::always; });
  of.session->write("one\n");
  CHECK(of.session->out().unacked() == 0);
  const auto& calls = of.files.calls();
  CHECK(std::count(calls.begin(), calls.end(), "sync_data") == 1);
  of.files = faulty_files(fault::error, 2, EIO);  // the look at the path, the write, the sync
  of.clock.pass(1s);
  lines_to_write lines("two\n");
  const auto how = of.session->out().write(lines);
  CHECK(how.taken == 4);
  CHECK(how.what == outcome::retry);
  CHECK(of.session->out().unacked() == 4);
  wake alarm;
  waiter wait(alarm);
  CHECK(of.session->out().open(wait).what == outcome::done);
  CHECK(of.session->out().unacked() == 0);
}

TEST_CASE("with sync=TIME lines are synced so long after the first at the latest") {
  subject of([](file_rules& rules) { rules.sync = sync_when::every, rules.sync_every = 5s; });
  const auto syncs = [&] { return std::count(of.files.calls().begin(), of.files.calls().end(), "sync_data"); };
  of.session->write("one\n");
  of.clock.pass(1s);
  of.session->write("two\n");
  CHECK(syncs() == 0);
  of.session->pass(4s);
  CHECK(syncs() == 1);
  of.session->pass(60s);
  CHECK(syncs() == 1);
}

TEST_CASE("relays that share a file lose and tear nothing, also when one of them rotates or dies in mid-line") {
  subject of([](file_rules& rules) { rules.share = true, rules.rotate_bytes = 100; });
  file_session other(of.rules, of.clock, of.files);
  other.start();
  for (std::uint64_t i = 0; i < 20; i += 2) {
    of.session->write(numbered_lines(i, 1));
    other.write(numbered_lines(i + 1, 1));
  }
  CHECK(text_by_age(of.rules) == numbered_lines(0, 20));
  CHECK(files_by_age(of.rules).size() == 4);
  write_file(of.rules.path, numbered_lines(50, 1) + "torn by a thi");
  of.session->write(numbered_lines(51, 1));
  CHECK(read_file(of.rules.path) == numbered_lines(50, 1) + "torn by a thi\n" + numbered_lines(51, 1));
  file_rules alone = of.rules;
  alone.share = false;
  CHECK_THROWS_WITH(file_session(alone, of.clock, of.files).start(),
                    Catch::Contains("holds it") && Catch::Contains("share=yes"));
}

TEST_CASE("a link of ours leads to the live file, and nothing else of its name is replaced") {
  const temp_folder folder;
  fake_clock clock;
  file_system files;
  file_rules rules;
  rules.path = folder / "logs/app.log";
  rules.link = folder / "current";
  write_file(rules.link, "a file");
  CHECK_THROWS_WITH(file_session(rules, clock, files).start(), Catch::Contains("something else of that name"));
  CHECK(names_in(folder.path()) == texts{"current"});
  std::filesystem::remove(rules.link);
  std::filesystem::create_symlink("nowhere", rules.link);
  file_session session(rules, clock, files);
  session.start();
  CHECK(std::filesystem::equivalent(rules.link, rules.path));
}

}  // namespace
}  // namespace logrelay
