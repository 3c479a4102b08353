#include <app/report_file.hpp>

#include <logrelay/error.hpp>

#include <support/pipe_sink.hpp>
#include <support/powerless.hpp>
#include <support/report.hpp>
#include <support/small_disk.hpp>
#include <support/sockets.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

relay_report with_status(int status) {
  relay_report all;
  all.exit_status = status;
  return all;
}

/// What a function writes to stderr.
template <typename Function>
std::string on_stderr(Function&& write) {
  const temp_folder folder;
  {
    const fd file(::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const stand_in as_stderr(STDERR_FILENO, file);
    write();
  }
  return read_file(folder / "stderr");
}

TEST_CASE("a report replaces the one before as a whole and leaves nothing beside it") {
  const temp_folder folder;
  messages say;
  report_file file(folder / "report.json", say);
  CHECK(names_in(folder.path()).empty());
  file.write(with_status(0));
  CHECK(read_report(folder / "report.json").exit_status() == 0);
  file.write(with_status(1));
  CHECK(read_report(folder / "report.json").exit_status() == 1);
  CHECK(names_in(folder.path()) == names{"report.json"});
  CHECK(read_file(folder / "report.json").ends_with("}\n"));
}

TEST_CASE("a link to a report's file stays a link") {
  const temp_folder folder;
  write_file(folder / "target", "");
  std::filesystem::create_symlink(folder / "target", folder / "link");
  messages say;
  report_file(folder / "link", say).write(with_status(1));
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(read_report(folder / "target").exit_status() == 1);
}

TEST_CASE("a report in the current folder needs no path") {
  const temp_folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  messages say;
  report_file("report.json", say).write(with_status(1));
  std::filesystem::current_path(before);
  CHECK(read_report(folder / "report.json").exit_status() == 1);
}

TEST_CASE("a report goes to stderr when that is asked for or when nothing is said and somebody asks") {
  messages say;
  CHECK(report(on_stderr([&] { report_file("-", say).write(with_status(1)); })).exit_status() == 1);
  CHECK(report(on_stderr([&] { report_file("", say).write(with_status(1), true); })).exit_status() == 1);
  CHECK(on_stderr([&] { report_file("", say).write(with_status(1)); }).empty());
}

TEST_CASE("a stderr that nobody reads does not hold up the end for long") {
  const pipe_ends pipe = make_pipe();
  REQUIRE(::fcntl(pipe.writing.get(), F_SETPIPE_SZ, 4096) == 4096);
  write_all(pipe.writing, std::string(4096, 'x'));
  const stand_in as_stderr(STDERR_FILENO, pipe.writing);
  messages say;
  report_file("-", say).write(with_status(1));  // returns
}

TEST_CASE("standard output is written to and never replaced") {
  const temp_folder folder;
  write_file(folder / "out", "before\n");
  messages say;
  {
    const fd file(::open((folder / "out").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    const stand_in as_stdout(STDOUT_FILENO, file);
    const auto path = GENERATE(as<std::string>{}, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1");
    struct stat link {}, link_after {};
    REQUIRE(::lstat(path.c_str(), &link) == 0);
    report_file(path, say).write(with_status(1));
    REQUIRE(::lstat(path.c_str(), &link_after) == 0);
    CHECK(S_ISLNK(link_after.st_mode));
  }
  const auto text = read_file(folder / "out");
  REQUIRE(text.starts_with("before\n"));
  CHECK(report(text.substr(7)).exit_status() == 1);
}

TEST_CASE("a FIFO gets the report while somebody reads it") {
  const temp_folder folder;
  make_fifo(folder / "fifo");
  const pipe_sink sink(folder / "fifo");
  messages say;
  report_file(folder / "fifo", say).write(with_status(1));
  CHECK(eventually([&] { return sink.text().ends_with("}\n"); }));
  CHECK(names_in(folder.path()) == names{"fifo"});
}

TEST_CASE("a FIFO that nobody reads is told as such and not waited for") {
  const temp_folder folder;
  make_fifo(folder / "fifo");
  messages say;
  CHECK_THAT(on_stderr([&] { report_file(folder / "fifo", say).write(with_status(1)); }),
             Catch::Contains("unable to write the report " + folder / "fifo" + ": No such device or address"));
}

TEST_CASE("a folder that cannot be written to is refused before anything starts") {
  const temp_folder folder;
  messages say;
  CHECK_THROWS_WITH(report_file(folder / "no/report.json", say),
                    Catch::Contains("unable to write the report") && Catch::Contains("No such file"));
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  if (::access(folder.path().c_str(), W_OK) == 0) return;  // root
  CHECK_THROWS_WITH(report_file(folder / "report.json", say), Catch::Contains("Permission denied"));
}

TEST_CASE("a full disk keeps the report before and is told") {
  const auto disk = small_disk::mount(64 * 1024);
  if (!disk) {
    WARN("only root may mount a small disk");
    return;
  }
  messages say;
  report_file file(*disk / "report.json", say);
  file.write(with_status(1));
  disk->fill();
  CHECK_THAT(on_stderr([&] { file.write(with_status(0)); }), Catch::Contains("No space left on device"));
  CHECK(read_report(*disk / "report.json").exit_status() == 1);
}

}  // namespace
}  // namespace logrelay
