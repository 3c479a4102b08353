// The second program: looks into spools, beside a running relay and without one.
#include <logrelay/error.hpp>
#include <logrelay/spool/spool.hpp>
#include <logrelay/util/near_miss.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

using namespace logrelay;

namespace {

enum status { well = 0, damaged = 1, wrong_use = 2 };

constexpr std::string_view usage =
    "Usage: logrelayctl spool COMMAND DIR\n"
    "\n"
    "Looks into a directory in which logrelay keeps lines for an output.\n"
    "\n"
    "  spool ls DIR     its segments: first line, lines, bytes, and what they are\n"
    "  spool cat DIR    the lines that are not delivered yet, each with a newline\n"
    "  spool check DIR  read all of it, and say what is damaged or missing\n"
    "  spool drain DIR  print the lines that are not delivered yet, and remove them; not beside its relay\n"
    "\n"
    "  -V, --version    print the version and leave\n"
    "  -h, --help       print this and leave\n"
    "\n"
    "Exit status: 0 when all is well, 1 when something is damaged or missing or cannot be written, 2 when nothing was\n"
    "done.\n";

int say(std::string_view text) {
  fmt::print(stderr, "logrelayctl: error: {}\n", text);
  return wrong_use;
}

/// A spool that was opened, and what was found to be wrong with it.
struct opened_spool {
  opened_spool(const std::string& path, bool changes)
      : folder(path, changes ? folder_disk::access::exclusive : folder_disk::access::look),
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
  const auto segments = it.lines.segments();
  for (const auto& each : segments)
    fmt::print("{:>20} {:>12} {:>14} {}\n", each.begin.lines, each.end.lines - each.begin.lines, each.bytes,
               each.end.lines <= it.lines.settled().lines ? "delivered" : each.damaged ? "damaged" : each.sealed ? "complete" : "open");
  const tally left = it.lines.end() - it.lines.settled();
  fmt::print("{} lines ({}) are not delivered yet; the first is {}\n", left.lines, readable_size(left.bytes), it.lines.settled().lines);
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

int drain(const std::string& path) {
  opened_spool it(path, true);
  const auto all = read_all(it.lines, true);
  const int outcome = told(all);
  if (all.error_number != 0) return outcome;  // what was not printed stays
  int error_number = it.lines.settle(it.lines.end(), true);
  if (error_number == 0) error_number = it.lines.close(true);
  return error_number == 0 ? outcome : told({{}, {}, error_number});
}

struct command {
  std::string_view name;
  int (*run)(const std::string& path);
};
constexpr std::array commands{command{"ls", list}, command{"cat", cat}, command{"check", check}, command{"drain", drain}};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  for (const auto& word : words) {
    if (word == "-h" || word == "--help") return std::fwrite(usage.data(), 1, usage.size(), stdout) == usage.size() ? well : damaged;
    if (word == "-V" || word == "--version") {
      fmt::print("logrelayctl {}\n", LOGRELAY_VERSION);
      return well;
    }
  }
  if (words.empty()) return say("what is it to do? See 'logrelayctl --help'");
  if (words[0] != "spool") return say(fmt::format("unknown command '{}'{}", words[0], did_you_mean(words[0], std::vector<std::string_view>{"spool"})));
  if (words.size() != 3) return say("write it like 'logrelayctl spool ls DIR'; see 'logrelayctl --help'");
  std::vector<std::string_view> names;
  for (const auto& each : commands) {
    names.push_back(each.name);
    if (each.name != words[1]) continue;
    try {
      return each.run(words[2]);
    } catch (const error& e) {
      return say(e.what());
    }
  }
  return say(fmt::format("unknown command 'spool {}'{}", words[1], did_you_mean(words[1], names)));
}
