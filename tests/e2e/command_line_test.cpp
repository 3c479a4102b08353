// What the command line understands, what it says to mistakes, and that nothing happens before all of it is right.
#include <unistd.h>

#include <filesystem>
#include <regex>
#include <set>
#include <support/lines.hpp>

#include "relay_under_test.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

std::vector<std::string> command(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{LOGRELAY_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

/// Runs it in that folder, with that text on its stdin.
run_result relay_text(const temp_folder& folder, const std::vector<std::string>& arguments, std::string_view text,
                      std::map<std::string, std::string> environment = {}) {
  const temp_folder beside;
  write_file(beside / "in", text);
  return run(
      command(arguments),
      {.input = stream::file(beside / "in"), .environment = std::move(environment), .folder = folder.path().string()});
}

/// What a command line without an effect says: one mistake a line.
std::vector<std::string> mistakes_of(const std::vector<std::string>& arguments,
                                     std::map<std::string, std::string> environment = {}) {
  const temp_folder folder;
  const auto refused = relay_text(folder, arguments, "lost\n", std::move(environment));
  INFO(refused.errors);
  REQUIRE(refused.status == 2);
  REQUIRE(refused.output.empty());
  REQUIRE(names_in(folder.path()).empty());
  std::vector<std::string> said;
  for (const auto& line : split_lines(refused.errors)) {
    const std::string start = "logrelay: error: ";
    REQUIRE_THAT(line, Catch::StartsWith(start));
    said.push_back(line.substr(start.size()));
  }
  return said;
}

std::string only_mistake_of(const std::string& argument) {
  const auto said = mistakes_of({argument});
  REQUIRE(said.size() == 1);
  return said[0];
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("all mistakes of a command line are told at once and nothing is opened or made") {
  const temp_folder folder;
  write_file(folder / "kept.log", "kept\n");
  const auto refused =
      relay_text(folder,
                 {"--drain-timeuot=5s", "--drain-timeout", "soon", "-i", "unix:in.sock", "-i", "tcp://:port",
                  "kept.log,append=no", "sub/new.log,rotat=64M", "fifo:new.fifo", "tpc://host:1", "all.log,format=jsno",
                  "exec:touch ran", "b.log,match=(", "c.log,from=stdn", "d.log,level=loud"},
                 "lost\n");
  REQUIRE(refused.status == 2);
  REQUIRE(refused.output.empty());
  const auto said = split_lines(refused.errors);
  INFO(refused.errors);
  REQUIRE(said.size() == 9);
  for (const std::string wrong : {"--drain-timeuot", "soon", "'port' is no port", "'rotat'", "'tpc'", "'jsno'",
                                  "match=(", "from=stdn", "level=loud"}) {
    INFO(wrong);
    REQUIRE(std::count_if(said.begin(), said.end(), [&](const std::string& line) {
              return line.starts_with("logrelay: error: ") && line.find(wrong) != std::string::npos;
            }) == 1);
  }
  REQUIRE(names_in(folder.path()) == texts{"kept.log"});
  REQUIRE(read_file(folder / "kept.log") == "kept\n");
}

TEST_CASE("what is not there at the start leaves everything as it was") {
  const temp_folder folder;
  write_file(folder / "kept.log", "kept\n");
  const auto refused = relay_text(folder,
                                  {"-i", "unix:in.sock", "kept.log,append=no", "new/deep/b.log", "fifo:new.fifo",
                                   "exec:touch ran", "fd:77", "later.log"},
                                  "lost\n");
  REQUIRE(refused.status == 2);
  REQUIRE(refused.errors == "logrelay: error: output 'fd:77': unable to write to descriptor 77: Bad file descriptor\n");
  REQUIRE(names_in(folder.path()) == texts{"kept.log"});
  REQUIRE(read_file(folder / "kept.log") == "kept\n");
}

TEST_CASE("a file has one output, and no input that its lines come from") {
  const temp_folder folder;
  write_file(folder / "in", "line\n");
  const auto refused_with = [&](const texts& arguments, stream input, stream output) {
    const auto refused = run(command(arguments), {.input = std::move(input), .output = std::move(output), .folder = folder.path().string()});
    CHECK(refused.status == 2);
    return refused.errors;
  };
  CHECK(refused_with({"out.log", "-"}, stream::file(folder / "in"), stream::file(folder / "out.log")) ==
        "logrelay: error: output 'stdout': " + (folder / "out.log") +
            " is written by output 'out.log' already: leave one of the two out, or give it another file\n");
  CHECK(read_file(folder / "out.log") == "");
  CHECK_THAT(refused_with({"in"}, stream::file(folder / "in"), stream::null()), Catch::Contains("is read by input 'stdin'"));
  CHECK_THAT(refused_with({"-i", "tail:i*,checkpoint=check", "in"}, stream::null(), stream::null()), Catch::Contains("is read by input 'tail:i*'"));
  CHECK(read_file(folder / "in") == "line\n");
  CHECK(names_in(folder.path()) == texts{"in", "out.log"});
}

TEST_CASE("a report that cannot be written is refused at the start") {
  const temp_folder folder;
  const auto refused = relay_text(folder, {"--report", "no/folder/report.json", "new.log"}, "lost\n");
  REQUIRE(refused.status == 2);
  REQUIRE(refused.errors ==
          "logrelay: error: unable to write the report no/folder/report.json: No such file or directory\n");
  REQUIRE(names_in(folder.path()).empty());
}

TEST_CASE("mistakes in names are told with the names that are near") {
  REQUIRE(only_mistake_of("a.log,rotat=64M") == "output 'a.log': unknown option 'rotat' (did you mean 'rotate'?)");
  REQUIRE(only_mistake_of("tpc://host:1") ==
          "output 'tpc://host:1': unknown scheme 'tpc' (did you mean 'tcp'?); a file of that name is './tpc://host:1'");
  REQUIRE(only_mistake_of("a.log,overflow=adaptiv") ==
          "output 'a.log': 'overflow=adaptiv' is unknown (did you mean 'adaptive'?): write block, drop-newest, "
          "drop-oldest or adaptive");
  REQUIRE_THAT(only_mistake_of("--reprot"), Catch::StartsWith("unknown option '--reprot' (did you mean '--report'?"));
  REQUIRE(mistakes_of({"-i", "fifo:x,name=access", "a.log,from=acces"}) ==
          texts{"output 'a.log': 'from=acces' names no input (did you mean 'access'?)"});
}

TEST_CASE("mistakes that people make are answered with what they meant") {
  REQUIRE(only_mistake_of("--rotate=64M") == "unknown option '--rotate': an output takes it as OUTPUT,rotate=…");
  REQUIRE_THAT(only_mistake_of("localhost:5140"), Catch::Contains("a host and its port are 'tcp://localhost:5140'"));
  REQUIRE_THAT(only_mistake_of("null:x"), Catch::Contains("'null:' takes nothing"));
  REQUIRE(only_mistake_of("rotate=64M") ==
          "output 'rotate=64M': it looks like an option: write 'OUTPUT,rotate=64M', or './rotate=64M' for a file of that name");
  REQUIRE_THAT(only_mistake_of("app.log, rotate=64M"), Catch::Contains("write ',rotate='"));
  REQUIRE_THAT(only_mistake_of("app.log,ROTATE=64M"), Catch::Contains("write ',rotate='"));
  REQUIRE_THAT(mistakes_of({"-i", "app.log"}).at(0), Catch::Contains("write 'tail:app.log' to follow it, or '< app.log'"));
  REQUIRE(mistakes_of({"-i", "exec:date"}) == texts{"input 'exec:date': 'exec' can only be an output"});
  REQUIRE(mistakes_of({"a.log", "./a.log"}).size() == 1);
  REQUIRE(mistakes_of({"-i", "-", "-i", "-"}).size() == 1);
  REQUIRE(mistakes_of({"a.log,keep=5"}).size() == 1);
  REQUIRE(mistakes_of({"a.log,rotate=1K,rotate=2K"}) == texts{"output 'a.log': option 'rotate' is given twice"});
  REQUIRE(mistakes_of({"-q", "-v"}).size() == 1);
  REQUIRE(mistakes_of({"--report"}) == texts{"option '--report' needs a value"});
  REQUIRE(mistakes_of({"-i"}) == texts{"option '-i' needs a value"});
  REQUIRE(mistakes_of({""}).size() == 1);
}

TEST_CASE("a word before a colon is a scheme and a path is how it is not one") {
  const temp_folder folder;
  REQUIRE_THAT(only_mistake_of("a:b"), Catch::Contains("unknown scheme 'a'") && Catch::Contains("'./a:b'"));
  REQUIRE(relay_text(folder, {"./a:b", "file:c:d"}, "line\n").status == 0);
  REQUIRE(read_file(folder / "a:b") == "line\n");
  REQUIRE(read_file(folder / "c:d") == "line\n");
}

TEST_CASE("a double comma is a comma and quotes hold what would be an option") {
  const temp_folder folder;
  REQUIRE(relay_text(folder,
                     {"a,,mode=0600.log", "b,c.log", "d.log,format='{line},,keep=5,\"x\"'",
                      "e.log,format=\"it's, {line}\",mode=0640", "exec:cat >f,,g.log"},
                     "line\n")
              .status == 0);
  REQUIRE(read_file(folder / "a,mode=0600.log") == "line\n");
  REQUIRE(read_file(folder / "b,c.log") == "line\n");
  REQUIRE(read_file(folder / "d.log") == "line,,keep=5,\"x\"\n");
  REQUIRE(read_file(folder / "e.log") == "it's, line\n");
  REQUIRE(read_file(folder / "f,g.log") == "line\n");
  REQUIRE(mistakes_of({"a.log,format='{line}"}).size() == 1);
  REQUIRE(mistakes_of({"a.log,format='{line}'x"}).size() == 1);
}

TEST_CASE("options stand anywhere and an input takes one word") {
  const temp_folder folder;
  write_file(folder / "in", "line\n");
  REQUIRE(relay_text(folder, {"a.log", "-a", "--report=r.json", "b.log", "-i", "-", "c.log"}, "line\n").status == 0);
  for (const std::string name : {"a.log", "b.log", "c.log"}) REQUIRE(read_file(folder / name) == "line\n");
  const auto balance = read_report(folder / "r.json");
  check_balance(balance);
  REQUIRE(balance.outputs().size() == 3);
}

TEST_CASE("without outputs lines go to standard output as with a hyphen") {
  const temp_folder folder;
  const std::string text("bytes\0\xff\r\n\nlast", 14);
  REQUIRE(relay_text(folder, {}, text).status == 0);
  REQUIRE(relay_text(folder, {}, text).output == text + "\n");
  REQUIRE(relay_text(folder, {"-"}, text).output == text + "\n");
  REQUIRE(relay_text(folder, {"stderr:", "a.log"}, text).errors == text + "\n");
  REQUIRE(read_file(folder / "a.log") == text + "\n");
}

TEST_CASE("every long option is also a variable and the command line comes first") {
  const temp_folder folder;
  write_file(folder / "in", "from the file\n");
  const std::map<std::string, std::string> environment{{"LOGRELAY_TIMESTAMP", "at"},
                                                       {"LOGRELAY_REPORT", "r.json"},
                                                       {"LOGRELAY_DRAIN_TIMEOUT", "5s"},
                                                       {"LOGRELAY_QUIET", ""},
                                                       {"LOGRELAY_INPUT", "-,name=in"}};
  REQUIRE(relay_text(folder, {"a.log"}, "line\n", environment).status == 0);
  REQUIRE(read_file(folder / "a.log") == "at line\n");
  REQUIRE(read_report(folder / "r.json").input("in").count("lines") == 1);
  check_balance(read_report(folder / "r.json"));

  REQUIRE(relay_text(folder, {"b.log", "--timestamp=then", "--report", "s.json", "-i", "-,name=other"}, "line\n",
                     environment)
              .status == 0);
  REQUIRE(read_file(folder / "b.log") == "then line\n");
  REQUIRE(read_report(folder / "s.json").input("other").count("lines") == 1);
  check_balance(read_report(folder / "s.json"));

  REQUIRE(mistakes_of({"a.log"}, {{"LOGRELAY_DRAIN_TIMEOUT", "soon"}, {"LOGRELAY_QUIET", "perhaps"}}).size() == 2);
  REQUIRE_THAT(mistakes_of({"a.log"}, {{"LOGRELAY_DRAIN_TIMEOUT", "soon"}})[0],
               Catch::Contains("LOGRELAY_DRAIN_TIMEOUT"));
}

TEST_CASE("a variable that is nearly one of ours is told and holds up nothing") {
  const temp_folder folder;
  const std::map<std::string, std::string> mistyped{{"LOGRELAY_DRAIN_TIMEUT", "5s"}};
  const auto warned = relay_text(folder, {"a.log"}, "line\n", mistyped);
  REQUIRE(warned.status == 0);
  REQUIRE(warned.errors ==
          "logrelay: warning: environment LOGRELAY_DRAIN_TIMEUT means nothing (did you mean 'LOGRELAY_DRAIN_TIMEOUT'?)\n");
  REQUIRE(read_file(folder / "a.log") == "line\n");
  REQUIRE(relay_text(folder, {"-q", "a.log"}, "line\n", mistyped).errors == "");
}

TEST_CASE("a check reads everything and opens nothing") {
  const temp_folder folder;
  write_file(folder / "kept.log", "kept\n");
  const auto right = relay_text(
      folder, {"--check", "-i", "unix:s.sock", "kept.log,append=no", "new.log", "fifo:f", "tcp://nowhere.invalid:1"},
      "");
  REQUIRE(right.status == 0);
  REQUIRE(right.output + right.errors == "");
  REQUIRE(mistakes_of({"--check", "a.log,rotat=1", "b.log,keep=1"}).size() == 2);
  REQUIRE(relay_text(folder, {"new.log"}, "line\n", {{"LOGRELAY_CHECK", "yes"}}).status == 0);
  REQUIRE(names_in(folder.path()) == texts{"kept.log"});
  REQUIRE(read_file(folder / "kept.log") == "kept\n");
}

TEST_CASE("the version tells what it was built with") {
  for (const std::string option : {"-V", "--version"}) {
    const auto version = run(command({option}));
    REQUIRE(version.status == 0);
    REQUIRE(version.errors.empty());
    REQUIRE(std::regex_search(version.output, std::regex("^logrelay [0-9]+\\.[0-9]+\\.[0-9]+\n")));
    for (const std::string part : {"GCC", "Boost", "spdlog", "fmt", "CLI11"}) {
      if (part == "GCC" && version.output.find("Clang") != std::string::npos) continue;
      REQUIRE_THAT(version.output, Catch::Contains(part));
    }
  }
}

TEST_CASE("the help is 80 columns wide and names every scheme and option") {
  for (const std::string option : {"-h", "--help"}) {
    const auto help = run(command({"a.log,rotat=1", option}));  // whoever asks for help is not told what is wrong
    REQUIRE(help.status == 0);
    REQUIRE(help.errors.empty());
    for (const auto& line : split_lines(help.output)) {
      INFO(line);
      // Characters, not bytes.
      REQUIRE(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }) <= 80);
      REQUIRE_FALSE(line.ends_with(' '));
    }
    for (const std::string part : {"-i, --input INPUT",
                                   "-t, --timestamp",
                                   "--drain-timeout TIME",
                                   "--report FILE",
                                   "-q, --quiet",
                                   "-v, --verbose",
                                   "-V, --version",
                                   "-h, --help",
                                   "--check",
                                   "fifo:PATH",
                                   "tcp://",
                                   "udp://",
                                   "unix:PATH",
                                   "unixgram:PATH",
                                   "exec:COMMAND",
                                   "null:",
                                   "stderr:",
                                   "fd:N",
                                   "rotate=SIZE",
                                   "keep=NUMBER",
                                   "queue=SIZE",
                                   "overflow=",
                                   "match=REGEX",
                                   "reject=REGEX",
                                   "level=",
                                   "from=INPUT",
                                   "max-line=SIZE",
                                   "[64M]",
                                   "[adaptive]",
                                   "LOGRELAY_",
                                   "Exit status"}) {
      INFO(part);
      REQUIRE(help.output.find(part) != std::string::npos);
    }
  }
}

TEST_CASE("help and version that cannot be written do not end well") {
  for (const std::string option : {"--help", "--version"})
    REQUIRE(run(command({option}), {.output = stream::file("/dev/full")}).status == 1);
}

TEST_CASE("lines get the time of their reading with -t or --timestamp") {
  const temp_folder folder;
  const auto seconds = [](const std::string& text) {
    std::tm at{};
    REQUIRE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &at) != nullptr);
    return ::timegm(&at);
  };
  const auto before = ::time(nullptr);
  const auto stamped = relay_text(folder, {"-t", "-", "a.log"}, "one\n\nthree");
  REQUIRE(stamped.status == 0);
  REQUIRE(stamped.output == read_file(folder / "a.log"));
  const auto lines = split_lines(stamped.output);
  REQUIRE(lines.size() == 3);
  for (const auto& line : lines) {
    REQUIRE(std::regex_match(line, std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z (one|three|)")));
    REQUIRE(seconds(line) >= before);
    REQUIRE(seconds(line) <= ::time(nullptr) + 1);  // which is the time of the last tick, and may be behind
  }
  REQUIRE(relay_text(folder, {"--timestamp"}, "x\n").output.ends_with("Z x\n"));
  REQUIRE(relay_text(folder, {"--timestamp=%Y!%%"}, "x\n", {{"TZ", "UTC"}}).output.ends_with("!% x\n"));
  REQUIRE(std::regex_match(relay_text(folder, {"--timestamp=%H:%M:%.S"}, "x\n").output,
                           std::regex("\\d\\d:\\d\\d:\\d\\d\\.\\d{6} x\n")));
  REQUIRE(relay_text(folder, {"--timestamp=no"}, "x\n").output == "x\n");
  REQUIRE(relay_text(folder, {"--timestamp={x}"}, "x\n").status == 2);
  REQUIRE_THAT(only_mistake_of("--timestamp=%Q"), Catch::Contains("strftime knows no '%Q': write a percent sign as %%"));
}

TEST_CASE("messages are in the house form and -q and -v choose among them") {
  const temp_folder folder;
  const auto sink = bound_tcp();  // refuses
  const auto to = "tcp://127.0.0.1:" + std::to_string(port_of(sink));
  const auto warning = "logrelay: warning: output '" + to + "': unable to connect to " + to +
                       ": Connection refused; 0 B queued, retrying in ";
  const auto loss = "logrelay: error: output '" + to +
                    "': 1 line (5 B) not delivered; last error: unable to connect to " + to + ": Connection refused";
  for (const std::string option : {"", "-q", "-v"}) {
    INFO(option);
    std::vector<std::string> arguments{"-i", "unix:s.sock", "-i", "-", "--drain-timeout=300ms", to};
    if (!option.empty()) arguments.push_back(option);
    relay_under_test relay(folder, arguments);
    if (option != "-q") REQUIRE(eventually([&] { return relay.errors().find("retrying") != std::string::npos; }));
    relay.write("line\n");
    REQUIRE(eventually([&] { return relay.now().lines_read() == 1; }));
    REQUIRE(relay.terminate(1).output(to).pending() == 1);
    auto said = split_lines(relay.errors());
    INFO(relay.errors());
    REQUIRE(said.back() == loss);
    said.pop_back();
    if (option == "-v") {
      REQUIRE_FALSE(said.empty());
      const auto listening = std::find(said.begin(), said.end(), "logrelay: input 'unix:s.sock': listening on s.sock");
      REQUIRE(listening != said.end());
      said.erase(listening);
    }
    REQUIRE(said.size() == (option == "-q" ? 0 : 1));
    if (!said.empty()) REQUIRE_THAT(said[0], Catch::StartsWith(warning));
    if (!said.empty()) REQUIRE(std::regex_search(said[0], std::regex("retrying in [0-9]+ ms$")));
  }
}

TEST_CASE("success is silent") {
  const temp_folder folder;
  const auto done = relay_text(folder, {"a.log", "exec:cat >b.log", "null:"}, numbered_lines(0, 1000));
  REQUIRE(done.status == 0);
  REQUIRE(done.output + done.errors == "");
}

TEST_CASE("the exit status tells whether lines were lost") {
  const temp_folder folder;
  const auto sink = bound_udp();
  // Too long for a datagram: rejected.
  const auto rejected =
      relay_text(folder, {"udp://127.0.0.1:" + std::to_string(port_of(sink)) + ",name=out", "--report=r.json"},
                 std::string(70000, 'x') + "\nshort\n");
  REQUIRE(rejected.status == 1);
  REQUIRE_THAT(rejected.errors,
               Catch::StartsWith("logrelay: error: output 'out': 1 line (68.4 KiB) rejected; last error: "));
  const auto balance = read_report(folder / "r.json");
  check_balance(balance);
  REQUIRE(balance.exit_status() == 1);
  REQUIRE(balance.output("out").rejected() == 1);
  REQUIRE(balance.output("out").delivered() == 1);
  // Filtered by request, and split because it was too long: nothing is lost.
  REQUIRE(relay_text(folder, {"-i", "-,max-line=10", "a.log,reject=secret"}, "secret\n" + std::string(25, 'x') + "\n")
              .status == 0);
  REQUIRE(relay_text(folder, {"a.log/b.log"}, "").status == 2);
}

TEST_CASE("the report has the names that were promised") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "-", "-i", "udp://127.0.0.1:0", "a.log", "null:"});
  relay.write("line\n");
  REQUIRE(eventually([&] { return relay.now().output("a.log").delivered() == 1; }));
  const auto report = relay.now_in_full();
  relay.terminate();
  const auto keys = [](const nlohmann::json& object) {
    std::set<std::string> names;
    for (const auto& each : object.items()) names.insert(each.key());
    return names;
  };
  using names = std::set<std::string>;
  REQUIRE(keys(report) == names{"version", "uptime_seconds", "exit_status", "inputs", "outputs"});
  for (const auto& input : report.at("inputs"))
    REQUIRE(keys(input) == names{"name", "endpoint", "lines", "bytes", "long_lines", "framing_errors", "connections",
                                 "kernel_drops", "listening", "paused_seconds", "paused_by", "refused", "limited", "unread_bytes", "failed"});
  names wanted{
      "name",      "endpoint", "dropped_by", "markers", "queue_bytes", "queue_peak_bytes", "oldest_pending_seconds",
      "rotations", "retries",  "last_error", "disk_bytes", "state", "stalled_seconds", "queue_limit_bytes"};
  for (const std::string part : {"accepted", "delivered", "filtered", "dropped", "rejected", "pending", "found", "spooled"}) {
    wanted.insert(part + "_lines");
    wanted.insert(part + "_bytes");
  }
  for (const auto& output : report.at("outputs")) REQUIRE(keys(output) == wanted);
  REQUIRE(report.at("inputs")[0].at("name") == "stdin");
  REQUIRE(report.at("inputs")[0].at("bytes") == 5);
  REQUIRE(report.at("outputs")[0].at("endpoint") == "a.log");
  REQUIRE(report.at("outputs")[0].at("delivered_bytes") == 5);
}

TEST_CASE("the report goes to stderr where it is asked to") {
  const temp_folder folder;
  const auto done = relay_text(folder, {"--report", "-", "a.log"}, "line\n");
  REQUIRE(done.status == 0);
  const report balance(done.errors);
  check_balance(balance);
  REQUIRE(balance.output("a.log").delivered() == 1);
}

TEST_CASE("an output or input takes the name that it is given and two of the same endpoint are told apart") {
  const temp_folder folder;
  REQUIRE(
      relay_text(folder, {"--report=r.json", "-i", "-,name=program", "null:", "null:", "null:,name=nowhere"}, "line\n")
          .status == 0);
  const auto balance = read_report(folder / "r.json");
  check_balance(balance);
  REQUIRE(balance.inputs()[0].name() == "program");
  REQUIRE(balance.outputs()[0].name() == "null:");
  REQUIRE(balance.outputs()[1].name() == "null:#2");
  REQUIRE(balance.outputs()[2].name() == "nowhere");
  REQUIRE(mistakes_of({"a.log,name=x", "b.log,name=x"}).size() == 1);
}
