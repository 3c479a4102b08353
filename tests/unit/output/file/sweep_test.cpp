// Every system call of a session with rotations, compression, a link, a command and retention fails once, in each way;
// and, separately, is the last one before a kill. Afterwards a second session goes on, and then everything must be
// there.
#include <support/faulty_files.hpp>
#include <support/file_session.hpp>
#include <support/lines.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <unistd.h>
#include <iostream>
#include <iterator>

namespace logrelay {
namespace {

using namespace support;
using fault = faulty_files::fault;

constexpr std::size_t line_bytes = 20, lines_a_write = 7, writes = 8;
constexpr std::uint64_t all_lines = lines_a_write * writes;

/// In memory where that is possible: a disk would be asked for thousands of syncs.
std::filesystem::path fast_folder() {
  return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
}

struct subject {
  const char* name;
  void (*ask)(file_rules&, const temp_folder&);
};

// Each names what is special about it; all rotate after ten lines and have a link.
const subject subjects[] = {
    {"by time with gzip",
     [](file_rules& rules, const temp_folder&) {
       rules.compress = compression::gzip, rules.sync = sync_when::at_close;
     }},
    {"by number with zstd and keep",
     [](file_rules& rules, const temp_folder&) {
       rules.names = naming::number, rules.compress = compression::zstd, rules.keep.parts = 3;
     }},
    {"with a command and keep",
     [](file_rules& rules, const temp_folder& folder) {
       rules.after_rotate = "echo \"$1\" >> " + folder / "told", rules.keep.parts = 3, rules.sync = sync_when::always;
     }},
    {"one file a minute",
     [](file_rules& rules, const temp_folder& folder) {
       rules.path = folder / "logs/%Y-%m-%d-%H%M.log", rules.by_time = true, rules.utc = true,
       rules.compress = compression::gzip;
       rules.rotate_bytes = 0;
     }},
    {"shared", [](file_rules& rules, const temp_folder&) { rules.share = true, rules.keep.bytes = 100'000; }},
};

file_rules rules_of(const subject& which, const temp_folder& folder) {
  file_rules rules;
  rules.path = folder / "logs/app.log";
  rules.mode = 0640;
  rules.rotate_bytes = 10 * line_bytes;
  rules.link = folder / "current";
  which.ask(rules, folder);
  return rules;
}

void first_session(file_session& session) {
  session.start();
  for (std::uint64_t i = 0; i < writes; ++i) {
    session.write(numbered_lines(i * lines_a_write, lines_a_write, line_bytes));
    session.pass(std::chrono::seconds(20));
  }
  session.close();
}

std::size_t open_descriptors() { return names_in("/proc/self/fd").size(); }

/// What a second start, without faults, must find and leave. `least`: lines that the first one was told are written.
void check_afterwards(const file_rules& rules, const temp_folder& folder, fake_clock& clock, std::uint64_t least,
                      bool killed) {
  constexpr std::uint64_t second = 1000;
  file_system files;
  {
    file_session next(rules, clock, files);
    next.start();
    next.keep_up();
    next.write(numbered_lines(second, 2 * lines_a_write, line_bytes));
    next.close();
  }
  const auto paths = files_by_age(rules);
  std::string text = text_by_age(rules);
  // A kill may have torn one line: it is there with a newline of ours, and only there.
  auto lines = split_lines(text);
  std::vector<std::string> torn;
  std::uint64_t before = 0;
  std::optional<std::uint64_t> last;
  for (const auto& each : lines) {
    if (each.size() != line_bytes - 1) {
      torn.push_back(each);
      continue;
    }
    const auto number = std::stoull(each);
    if (last && number != *last + 1) {
      CHECK(number == second);
      CHECK(*last + 1 >= least);
    }
    if (number < second) ++before;
    last = number;
  }
  CHECK(last == second + 2 * lines_a_write - 1);
  if (!rules.keep.parts) CHECK(before >= least);
  if (rules.keep.parts) CHECK(paths.size() <= *rules.keep.parts + 1);
  CHECK(torn.size() <= (killed ? 1u : 0u));
  for (const auto& each : paths) {
    struct stat facts {};
    REQUIRE(::stat(each.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0640);
  }
  for (const auto& each : names_in(folder / "logs")) CHECK_FALSE(each.ends_with(".tmp"));
  CHECK(std::filesystem::exists(folder / "current"));
  CHECK(std::filesystem::equivalent(folder / "current", paths.back()));
}

std::vector<std::string> calls_of(const subject& which) {
  const temp_folder folder(fast_folder());
  fake_clock clock;
  faulty_files files;
  const auto rules = rules_of(which, folder);
  {
    file_session session(rules, clock, files);
    first_session(session);
  }
  check_afterwards(rules, folder, clock, all_lines, false);
  return files.calls();
}

TEST_CASE("whichever system call fails once, no line is lost or doubled, and the next start goes on") {
  constexpr int errors[] = {EIO, ENOSPC, EDQUOT, EROFS, EMFILE, EACCES, EINTR};
  std::size_t points = 0;
  for (const auto& which : subjects) {
    const auto calls = calls_of(which);
    for (std::size_t at = 0; at < calls.size(); ++at) {
      const auto once = [&](fault what, int error_number) {
        const temp_folder folder(fast_folder());
        fake_clock clock;
        const auto rules = rules_of(which, folder);
        INFO(which.name << ", call " << at << " (" << calls[at]
                        << "): " << (error_number ? error_text(error_number) : std::string("short")));
        const auto before = open_descriptors();
        {
          faulty_files files(what, at, error_number);
          file_session session(rules, clock, files);
          first_session(session);
          for (const auto& each : session.said()) UNSCOPED_INFO(each);
          REQUIRE(session.written() == all_lines * line_bytes);
          check_afterwards(rules, folder, clock, all_lines, false);
        }
        REQUIRE(open_descriptors() == before);
        ++points;
      };
#ifdef LOGRELAY_SANITIZED
      once(fault::error, errors[at % std::size(errors)]);  // each call with one of them: seven times as slow is too slow
#else
      for (const int each : errors) once(fault::error, each);
#endif
      if (calls[at] == "write") once(fault::short_write, 0);
    }
  }
  std::cout << "sweep: " << points << " failures of system calls\n";
  CHECK(points > 1000);
}

TEST_CASE("whichever system call is the last one before a kill, no line that was written is lost or doubled") {
  std::size_t points = 0;
  auto* const written = static_cast<std::size_t*>(
      ::mmap(nullptr, sizeof(std::size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(written != MAP_FAILED);
  for (const auto& which : subjects) {
    const auto calls = calls_of(which);
    for (std::size_t at = 0; at < calls.size(); ++at)
      for (const auto what : {fault::kill, fault::half_kill}) {
        if (what == fault::half_kill && calls[at] != "write") continue;
        const temp_folder folder(fast_folder());
        fake_clock clock;
        const auto rules = rules_of(which, folder);
        INFO(which.name << ", call " << at << " (" << calls[at] << ")"
                        << (what == fault::half_kill ? ", half of it" : ""));
        *written = 0;
        const auto child = ::fork();
        if (child == 0) {
          faulty_files files(what, at);
          file_session session(rules, clock, files);
          session.count_into = written;
          first_session(session);
          ::_exit(0);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));
        clock.pass(std::chrono::minutes(10));
        check_afterwards(rules, folder, clock, *written / line_bytes, true);
        ++points;
      }
  }
  ::munmap(written, sizeof(std::size_t));
  std::cout << "sweep: " << points << " kills behind system calls\n";
  CHECK(points > 200);
}

}  // namespace
}  // namespace logrelay
