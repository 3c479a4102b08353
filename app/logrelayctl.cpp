// The second program: looks at running relays, and into spools, beside a running relay and without one.
#include "control_rows.hpp"
#include "top.hpp"

#include <logrelay/error.hpp>
#include <logrelay/spool/spool.hpp>
#include <logrelay/util/columns.hpp>
#include <logrelay/util/near_miss.hpp>
#include <logrelay/util/quantity.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

using namespace logrelay;

namespace {

enum status { well = 0, damaged = 1, wrong_use = 2 };

std::string usage() {
  columns help;
  help.line("Usage: logrelayctl top [--once] [ADDR]");
  help.line("       logrelayctl spool COMMAND DIR [OUTPUT]");
  help.line("");
  help.paragraph("Looks at a relay while it runs, and into a directory in which one keeps lines for an output.");
  help.line("");
  for (const auto& each : control_rows) help.entry(2, each.letter ? fmt::format("-{}, {}", each.letter, each.syntax) : each.syntax, each.help);
  help.line("");
  help.paragraph("Exit status: 0 when all is well, 1 when something is damaged or missing, cannot be written or does not answer, 2 when "
                 "nothing was done.");
  return help.text();
}

int say(std::string_view text) {
  fmt::print(stderr, "logrelayctl: error: {}\n", text);
  return wrong_use;
}

/// What is to be looked at has to be there: a relay would make it. It may be empty, as before the first line; but what a
/// mistyped path leads to is no spool.
const std::string& existing(const std::string& path) {
  folder_disk looked_at(path, folder_disk::access::look);
  std::vector<disk::entry> files;
  if (const int error_number = looked_at.list(files); error_number != 0) throw system_error("look into " + path, error_number);
  const auto is_of_a_spool = [](const auto& file) { return file.name == spool_cursor::name || segment_number(file.name); };
  if (!files.empty() && std::none_of(files.begin(), files.end(), is_of_a_spool))
    throw error(fmt::format("{} is no spool: name the directory that an output has as its 'spool' or 'spill'", path));
  return path;
}

/// A spool that was opened, and what was found to be wrong with it.
struct opened_spool {
  opened_spool(const std::string& path, bool changes)
      : folder(existing(path), changes ? folder_disk::access::exclusive : folder_disk::access::look),
        lines(folder, {}, pool, [](const std::string& what) { fmt::print(stderr, "logrelayctl: warning: {}\n", what); },
              changes ? spool::access::exclusive : spool::access::look) {
    lines.open();
  }

  folder_disk folder;
  block_pool pool;
  spool lines;
};

bool print_lines(const batch& lines) {
  if (lines.frames == framing::newline) return std::fwrite(lines.data, 1, lines.size, stdout) == lines.size;
  line_cursor cursor(lines.bytes(), lines.frames);
  for (std::string_view line; cursor.next(line);)
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fputc('\n', stdout) == EOF) return false;
  return true;
}

struct reading {
  tally lines, lost;
  int error_number = 0;  // of the disk, or of standard output
};

reading read_all(spool& from, bool prints) {
  reading all;
  for (int failures = 0;;) {
    const auto got = from.read();
    switch (got.what) {
      case spool::found::nothing: break;
      case spool::found::hole: all.lost += got.lost; continue;
      case spool::found::failed:
        if (++failures < 100) continue;
        all.error_number = got.error_number;
        break;
      case spool::found::lines:
        if (!got.lines.marker) all.lines += got.lines.count;
        if (!prints || print_lines(got.lines)) continue;
        all.error_number = errno;
        break;
    }
    if (all.error_number == 0 && prints && std::fflush(stdout) != 0) all.error_number = errno;
    return all;
  }
}

int told(const reading& all) {
  if (all.lost.lines > 0)
    fmt::print(stderr, "logrelayctl: warning: {} lines ({}) are damaged or missing\n", all.lost.lines, readable_size(all.lost.bytes));
  if (all.error_number != 0) fmt::print(stderr, "logrelayctl: error: {}\n", error_text(all.error_number));
  return all.lost.lines > 0 || all.error_number != 0 ? damaged : well;
}

int list(const std::string& path) {
  opened_spool it(path, false);
  fmt::print("{:>20} {:>12} {:>14} {}\n", "FIRST LINE", "LINES", "BYTES", "STATE");
  for (const auto& each : it.lines.segments())
    fmt::print("{:>20} {:>12} {:>14} {}\n", each.head.begin.lines, each.end.lines - each.head.begin.lines, each.bytes,
               each.end.lines <= it.lines.settled().lines ? "delivered" : each.damaged ? "damaged" : each.sealed ? "complete" : "open");
  const tally left = it.lines.end() - it.lines.settled();
  if (left.lines == 0)
    fmt::print("nothing waits to be delivered\n");
  else
    fmt::print("{} {} ({}) {} not delivered yet; the first is {}\n", left.lines, left.lines == 1 ? "line" : "lines",
               readable_size(left.bytes), left.lines == 1 ? "is" : "are", it.lines.settled().lines);
  return well;
}

int cat(const std::string& path) {
  opened_spool it(path, false);
  return told(read_all(it.lines, true));
}

int check(const std::string& path) {
  opened_spool it(path, false);
  const auto all = read_all(it.lines, false);
  fmt::print("{} lines ({}) are whole\n", all.lines.lines, readable_size(all.lines.bytes));
  return told(all);
}

int print_and_settle(const std::string& path) {
  opened_spool it(path, true);
  const auto all = read_all(it.lines, true);
  const int outcome = told(all);
  if (all.error_number != 0) return outcome;  // what was not printed stays
  int error_number = it.lines.settle(it.lines.end(), true);
  if (error_number == 0) error_number = it.lines.close(true);
  return error_number == 0 ? outcome : told({{}, {}, error_number});
}

// The relay beside us; else the one that a shell would find.
std::string relay_program() {
  std::error_code ec;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", ec).parent_path() / "logrelay";
  return !ec && ::access(beside.c_str(), X_OK) == 0 ? beside.string() : "logrelay";
}

// A relay with nothing but this spool: it delivers with each line's own time and source, tries again, and settles as it
// goes.
int deliver(const std::string& path, const std::string& output) {
  opened_spool(path, true);  // nobody holds it, and it can be read
  for (const char* more : {"LOGRELAY_CONFIG", "LOGRELAY_INPUT"}) ::unsetenv(more);  // ends that a relay would have beside it
  const char quote = path.find('\'') == std::string::npos ? '\'' : '"';
  std::string program = relay_program(), words = fmt::format("{},spool={}{}{}", output, quote, path, quote);
  char* const argv[] = {program.data(), words.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  pid_t id = 0;
  const int error_number = ::posix_spawnp(&id, program.c_str(), &actions, nullptr, argv, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error_number != 0) return say(system_error("run " + program, error_number).what());
  int ended = 0;
  while (::waitpid(id, &ended, 0) < 0 && errno == EINTR) {}
  const int status = WIFEXITED(ended) ? WEXITSTATUS(ended) : damaged;
  if (status == wrong_use) return status;
  const opened_spool left(path, false);
  const tally rest = left.lines.end() - left.lines.settled();
  if (rest.lines == 0) return status == 0 ? well : damaged;
  fmt::print(stderr, "logrelayctl: error: {} lines ({}) were not delivered, and are still in {}\n", rest.lines, readable_size(rest.bytes), path);
  return damaged;
}

struct command {
  std::string_view name;
  int (*run)(const std::string& path);
};
constexpr std::array commands{command{"ls", list}, command{"cat", cat}, command{"check", check}, command{"drain", print_and_settle}};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  for (const auto& word : words) {
    if (word == "-h" || word == "--help") return std::fputs(usage().c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? well : damaged;
    if (word == "-V" || word == "--version") {
      fmt::print("logrelayctl {}\n", LOGRELAY_VERSION);
      return well;
    }
  }
  if (words.empty()) return say("what is it to do? See 'logrelayctl --help'");
  if (words[0] == "top") {
    try {
      return show_top(std::span(words).subspan(1));
    } catch (const error& e) {
      return say(e.what());
    }
  }
  if (words[0] != "spool")
    return say(fmt::format("unknown command '{}'{}", words[0], did_you_mean(words[0], std::vector<std::string_view>{"spool", "top"})));
  const bool has_output = words.size() == 4 && words[1] == "drain";
  if (words.size() != 3 && !has_output) return say("write it like 'logrelayctl spool ls DIR'; see 'logrelayctl --help'");
  std::vector<std::string_view> names;
  for (const auto& each : commands) {
    names.push_back(each.name);
    if (each.name != words[1]) continue;
    try {
      return has_output ? deliver(words[2], words[3]) : each.run(words[2]);
    } catch (const error& e) {
      return say(e.what());
    }
  }
  return say(fmt::format("unknown command 'spool {}'{}", words[1], did_you_mean(words[1], names)));
}
