// logrelay … -- COMMAND: its stdout and stderr are two inputs, its status is ours, and signals are its affair.
#include <e2e/relay_under_test.hpp>

#include <support/pipe_sink.hpp>

#include <fcntl.h>

#include <filesystem>

using namespace logrelay;
using namespace logrelay::support;

namespace {

/// Relays what a shell script says, in a folder of its own.
std::vector<std::string> wrapping(std::vector<std::string> arguments, const std::string& script) {
  arguments.insert(arguments.begin(), LOGRELAY_PROGRAM);
  for (const char* each : {"--", "sh", "-c"}) arguments.emplace_back(each);
  arguments.push_back(script);
  return arguments;
}

run_result run_in(const temp_folder& folder, const std::vector<std::string>& argv, stream input = stream::null()) {
  return run(argv, {.input = std::move(input), .folder = folder.path().string()});
}

bool said(const temp_folder& folder, const std::string& file, std::string_view text) {
  return eventually([&] { return read_if_there(folder / file).find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a command's stdout and stderr are two inputs with a level each") {
  const temp_folder folder;
  const auto result = run_in(folder, wrapping({"--report", "r.json", "all.log,format={input} {stream} {level} {line}", "out.log,from=stdout",
                                               "urgent.log,level=err"},
                                              "echo fine; echo broken >&2"));
  REQUIRE(result.status == 0);
  REQUIRE(result.output.empty());
  REQUIRE(result.errors.empty());
  REQUIRE(sorted_lines(read_file(folder / "all.log")) ==
          std::vector<std::string>{"stderr stderr err broken", "stdout stdout info fine"});
  REQUIRE(read_file(folder / "out.log") == "fine\n");
  REQUIRE(read_file(folder / "urgent.log") == "broken\n");
  const auto balance = read_report(folder / "r.json");
  REQUIRE(balance.input("stdout").count("lines") == 1);
  REQUIRE(balance.input("stderr").count("lines") == 1);
}

TEST_CASE("what a command leaves in its pipes is read however slow a reader of ours is as long as it reads") {
  const temp_folder folder;
  auto out = make_pipe();
  process relay(wrapping({"--drain-timeout", "2s", "all.log", "-,queue=16K"}, "seq -w 100000 160000"),
                {.output = stream::descriptor(out.writing.get()), .folder = folder.path().string()});
  out.writing.reset();
  const pipe_sink reader(std::move(out.reading), 100'000);
  const auto status = relay.wait();
  REQUIRE((status && status->code == 0));
  REQUIRE(relay.errors() == "");
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(count_newlines(reader.text()) == 60'001);
  REQUIRE(reader.text() == read_file(folder / "all.log"));
}

TEST_CASE("a TERM after a command has ended leaves no more time than the drain timeout") {
  const temp_folder folder;
  auto out = make_pipe();
  process relay(wrapping({"--drain-timeout", "1s", "-,queue=16K"}, "seq -w 100000 190000; (sleep 0.3; touch ended) >/dev/null 2>&1 &"),
                {.output = stream::descriptor(out.writing.get()), .folder = folder.path().string()});
  out.writing.reset();
  const pipe_sink reader(std::move(out.reading), 20'000);  // for half a minute
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ended"); }));
  relay.send(SIGTERM);
  const auto status = relay.wait();
  REQUIRE((status && status->code == 1));
  REQUIRE_THAT(relay.errors(), Catch::Contains("of what was ready when it was asked to stop are not read"));
}

TEST_CASE("the inputs of a command take options") {
  const temp_folder folder;
  const auto result = run_in(folder, wrapping({"-i", "stderr:,default-level=debug", "-i", "stdout:,decode=prefix,name=app",
                                               "all.log,format={input} {level} {message}"},
                                              "echo '<4>careful'; echo detail >&2"));
  REQUIRE(result.status == 0);
  REQUIRE(sorted_lines(read_file(folder / "all.log")) == std::vector<std::string>{"app warning careful", "stderr debug detail"});
}

TEST_CASE("without an output both streams of a command go to stdout") {
  const temp_folder folder;
  const auto result = run_in(folder, wrapping({}, "echo one; echo two >&2"));
  REQUIRE(sorted_lines(result.output) == std::vector<std::string>{"one", "two"});
  REQUIRE(result.errors.empty());
}

TEST_CASE("a command gets its arguments and our stdin as they are") {
  const temp_folder folder;
  REQUIRE(run_in(folder, {LOGRELAY_PROGRAM, "--", "printf", "%s|", "a b", "", "--help", "-i"}).output == "a b||--help|-i|\n");
  process relay(std::vector<std::string>{LOGRELAY_PROGRAM, "--", "cat"}, {.input = stream::pipe()});
  relay.write("from stdin\n");
  relay.close_input();
  REQUIRE(relay.status() == 0);
  REQUIRE(relay.output() == "from stdin\n");
}

TEST_CASE("the status is the command's") {
  const temp_folder folder;
  REQUIRE(run_in(folder, wrapping({"--report", "r.json", "a.log"}, "exit 7")).status == 7);
  REQUIRE(read_report(folder / "r.json").exit_status() == 7);
  REQUIRE(run_in(folder, wrapping({"a.log"}, "kill -KILL $$")).status == 137);
  SECTION("and 1 where that is 0 and lines were left") {
    const auto result = run_in(folder, wrapping({"--drain-timeout=100ms", "fifo:nobody"}, "echo lost"));
    REQUIRE(result.status == 1);
    REQUIRE(result.errors.find("1 line (5 B) not delivered") != std::string::npos);
  }
}

TEST_CASE("a command that cannot be run leaves nothing behind") {
  const temp_folder folder;
  const auto none = run_in(folder, {LOGRELAY_PROGRAM, "a.log", "fifo:a.fifo", "--", "no-such-command"});
  REQUIRE(none.status == 127);
  REQUIRE(none.errors == "logrelay: error: unable to run 'no-such-command': No such file or directory\n");
  REQUIRE(run_in(folder, {LOGRELAY_PROGRAM, "a.log", "--", "/"}).status == 126);
  REQUIRE(names_in(folder.path()).empty());
}

TEST_CASE("what is wrong with a command line and a command is said before anything runs") {
  const temp_folder folder;
  const auto wrong = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), LOGRELAY_PROGRAM);
    const auto result = run_in(folder, arguments);
    REQUIRE(result.status == 2);
    REQUIRE(names_in(folder.path()).empty());
    return result.errors;
  };
  REQUIRE(wrong({"a.log", "--"}) == "logrelay: error: '--' needs a command behind it\n");
  REQUIRE(wrong({"-i", "-", "a.log", "--", "touch", "ran"}) ==
          "logrelay: error: input 'stdin': standard input is touch's, which would get parts of its lines\n");
  REQUIRE(wrong({"-i", "stderr:", "a.log"}) ==
          "logrelay: error: input 'stderr': there is no command whose stderr it could read: add '-- COMMAND'\n");
  REQUIRE(wrong({"-i", "stderr:", "-i", "stderr:,name=b", "a.log", "--", "touch", "ran"}) ==
          "logrelay: error: input 'b': stderr is read already\n");
  REQUIRE(wrong({"a.log,from=stdou", "--", "touch", "ran"}).find("did you mean 'stdout'?") != std::string::npos);
}

TEST_CASE("the last line before a crash is there 1000 times of 1000") {
  const temp_folder folder;
  int there = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto result = run_in(folder, wrapping({"crash.log"}, i % 2 == 0 ? "echo last >&2; kill -SEGV $$" : "printf last; kill -KILL $$"));
    if (result.status == (i % 2 == 0 ? 139 : 137) && read_file(folder / "crash.log") == "last\n") ++there;
    std::filesystem::remove(folder / "crash.log");
  }
  REQUIRE(there == 1000);
}

TEST_CASE("a signal that a process sends reaches the command and its last words are kept") {
  const temp_folder folder;
  for (const auto& [signal, name] : {std::pair{SIGTERM, "TERM"}, {SIGINT, "INT"}, {SIGQUIT, "QUIT"}, {SIGHUP, "HUP"}, {SIGUSR1, "USR1"},
                                     {SIGUSR2, "USR2"}, {SIGWINCH, "WINCH"}}) {
    INFO(name);
    const std::string log = std::string(name) + ".log";
    process relay(wrapping({log}, "trap 'echo got " + std::string(name) + "; exit 5' " + name + "; echo up; while :; do sleep 0.02; done"),
                  {.folder = folder.path().string()});
    REQUIRE(said(folder, log, "up"));
    relay.send(signal);
    REQUIRE(relay.status() == 5);
    REQUIRE(read_file(folder / log) == std::string("up\ngot ") + name + "\n");
    REQUIRE(relay.errors().empty());
  }
}

TEST_CASE("a command that ignores TERM runs on with its lines kept until a second TERM") {
  const temp_folder folder;
  process relay(wrapping({"--drain-timeout=50ms", "a.log"}, "trap 'echo told >> told' TERM; echo up; while :; do sleep 0.02; done"),
                {.folder = folder.path().string()});
  const auto told = [&](std::size_t times) {
    return eventually([&] { return split_lines(read_if_there(folder / "told")).size() == times; });
  };
  REQUIRE(said(folder, "a.log", "up"));
  relay.send(SIGTERM);
  REQUIRE(told(1));
  REQUIRE_FALSE(relay.wait(100ms));  // twice its deadline
  relay.send(SIGTERM);
  REQUIRE(relay.status() == 128 + SIGTERM);
  REQUIRE(told(2));
  REQUIRE(relay.errors() == "logrelay: warning: 'sh' still runs, and nobody reads what it writes\n");
}

TEST_CASE("the terminal's interrupt reaches a command once and leaves its end to it") {
  if (!has("script")) {
    WARN("script is not installed: the terminal is left out");
    return;
  }
  const temp_folder folder;
  process terminal({"script", "-qfec",
                    // exec: a shell that waits in between would be interrupted too, and its end would be what we see.
                    "exec " LOGRELAY_PROGRAM " a.log -- sh -c 'trap \"echo interrupted\" INT; trap \"exit 3\" USR1; echo up >&2; "
                    "echo $$ > pid; while :; do sleep 0.02; done'",
                    "/dev/null"},
                   {.input = stream::pipe(), .folder = folder.path().string()});
  REQUIRE(said(folder, "a.log", "up"));
  const auto times = [&] { return split_lines(read_file(folder / "a.log")).size() - 1; };
  for (const std::size_t n : {1, 2, 3}) {
    terminal.write("\x03");
    REQUIRE(eventually([&] { return times() >= n; }));
  }
  REQUIRE(eventually([&] { return !read_if_there(folder / "pid").empty(); }));
  ::kill(std::stoi(read_file(folder / "pid")), SIGUSR1);
  REQUIRE(terminal.status() == 3);
  REQUIRE(times() == 3);
}

TEST_CASE("a process that a command leaves behind holds us up for the drain timeout at most") {
  const temp_folder folder;
  const auto result = run_in(folder, wrapping({"--drain-timeout=200ms", "a.log"}, "sleep 600 & echo first"));
  REQUIRE(result.status == 0);
  REQUIRE(read_file(folder / "a.log") == "first\n");
  REQUIRE(result.errors == "logrelay: warning: 'sh' has ended, but a process that it started keeps its output open: what that still "
                           "writes is lost\n");
}

TEST_CASE("for whom we wait when a command has ended is told after a second") {
  const temp_folder folder;
  const auto result = run_in(folder, wrapping({"--drain-timeout=1200ms", "a.log"}, "sleep 600 & echo first"));
  REQUIRE_THAT(result.errors, Catch::StartsWith("logrelay: 'sh' has ended, but a process that it started keeps its output open: reads on, for 1.2 s at most\n"));
}

TEST_CASE("what a process that a command leaves behind says in time is kept") {
  const temp_folder folder;
  REQUIRE(run_in(folder, wrapping({"a.log"}, "(sleep 0.1; echo late) & echo first")).status == 0);
  REQUIRE(read_file(folder / "a.log") == "first\nlate\n");
}

TEST_CASE("other inputs end with the command") {
  const temp_folder folder;
  process relay(wrapping({"-i", "unix:in.sock", "all.log"}, "echo up; while [ ! -e done ]; do sleep 0.02; done; echo over"),
                {.folder = folder.path().string()});
  REQUIRE(said(folder, "all.log", "up"));
  const auto peer = connected_unix(folder / "in.sock");
  write_all(peer, "from a peer\n");
  REQUIRE(said(folder, "all.log", "peer"));
  write_file(folder / "done", "");
  REQUIRE(relay.status() == 0);
  REQUIRE(read_file(folder / "all.log") == "up\nfrom a peer\nover\n");
}

TEST_CASE("a command that closes its output runs on and its status is still ours") {
  const temp_folder folder;
  const auto result = run_in(folder, wrapping({"a.log"}, "echo up; exec >&- 2>&-; sleep 0.2; echo > ran; exit 9"));
  REQUIRE(result.status == 9);
  REQUIRE(read_file(folder / "a.log") == "up\n");
  REQUIRE(std::filesystem::exists(folder / "ran"));
}

TEST_CASE("a command starts with what we were started with") {
  const temp_folder folder;
  // A limit that we raise for ourselves, a descriptor that we know nothing of, a signal that nohup has set to be ignored.
  const std::string script = "ulimit -Sn 300; exec 7<name; trap '' HUP; exec " LOGRELAY_PROGRAM
                             " a.log -- sh -c 'ulimit -Sn; cat <&7; grep -E ^Sig[BIC] /proc/self/status'";
  write_file(folder / "name", "seven\n");
  // Not SigQ, which counts those of every process of ours.
  const auto ours = run_in(folder, {"sh", "-c", "trap '' HUP; grep -E ^Sig[BIC] /proc/self/status"}).output;
  REQUIRE(run_in(folder, {"sh", "-c", script}).status == 0);
  REQUIRE(read_file(folder / "a.log") == "300\nseven\n" + ours);
}

TEST_CASE("as the first process of a container we wait for orphans and pass signals on") {
  const std::vector<std::string> container{"unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"};
  auto tried = container;
  tried.emplace_back("true");
  if (!has("unshare") || run(tried).status != 0) {
    WARN("no PID namespace can be made here: the first process is left out");
    return;
  }
  const temp_folder folder;
  auto argv = container;
  // The orphan ends while the command runs; nothing of it may be left then.
  for (const auto& each : wrapping({"a.log"}, "(sleep 0.05 & echo $! > orphan); trap 'echo bye; exit 6' TERM; echo up; "
                                              "while [ -e /proc/$(cat orphan) ]; do sleep 0.02; done; echo reaped; "
                                              "kill -TERM 1; while :; do sleep 0.02; done"))
    argv.push_back(each);
  REQUIRE(run_in(folder, argv).status == 6);
  REQUIRE(read_file(folder / "a.log") == "up\nreaped\nbye\n");
}
