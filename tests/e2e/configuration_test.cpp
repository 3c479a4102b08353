// The configuration file, and HUP, by which a running relay follows it.
#include <e2e/relay_under_test.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace logrelay;
using namespace logrelay::support;
using texts = std::vector<std::string>;

namespace {

std::string file_with(const temp_folder& folder, std::string_view text) {
  write_file(folder / "relay.toml", text);
  return folder / "relay.toml";
}

/// Tells it to read its file again, and waits until it has done what that asks for.
void reload(relay_under_test& relay, const std::function<bool()>& there) {
  relay.send(SIGHUP);
  REQUIRE(eventually(there));
}

bool says(const relay_under_test& relay, std::string_view text) { return relay.errors().find(text) != std::string::npos; }

texts names_of(const std::vector<report_row>& rows) {
  texts names;
  for (const auto& each : rows) names.push_back(each.name());
  return names;
}

}  // namespace

TEST_CASE("a relay does what its file says") {
  const temp_folder folder;
  const auto file = file_with(folder, R"(
timestamp = "%%"
[[output]]
endpoint = "all.log"
[[output]]
endpoint = "errors.log"
match = 'error|fatal'
)");
  relay_under_test relay(folder, {"-c", file});
  relay.write("good\nfatal\n");
  const auto balance = relay.finish();
  CHECK(read_file(folder / "all.log") == "% good\n% fatal\n");
  CHECK(read_file(folder / "errors.log") == "% fatal\n");
  CHECK(balance.output("errors.log").filtered() == 1);
}

TEST_CASE("all mistakes of a file are said at once and nothing is opened") {
  const temp_folder folder;
  const auto file = file_with(folder, "drain-timeout = \"soon\"\n[[output]]\nendpoint = \"made.log\"\nrotat = \"1M\"\n");
  for (const auto& words : {texts{"-c", file}, texts{"--check", "-c", file}, texts{"--print-config", "-c", file}}) {
    texts all{LOGRELAY_PROGRAM};
    all.insert(all.end(), words.begin(), words.end());
    const auto it = run(all, {.folder = folder.path().string()});
    CHECK(it.status == 2);
    CHECK(it.output == "");
    CHECK(it.errors == "logrelay: error: " + file + ":1:1: 'drain-timeout=soon' is no time: write it like 500ms, 10s, 5m, 1h or 7d\n" +
                           "logrelay: error: " + file + ":4:1: output 'made.log': unknown option 'rotat' (did you mean 'rotate'?)\n");
  }
  file_with(folder, "[[output]]\nendpoint = \"made.log\"\nrotat = \"1M\"\n[[input]]\nendpoint = \"tial:x\"\n");
  const auto in_order = run({LOGRELAY_PROGRAM, "-c", file}).errors;
  CHECK(in_order.find(":3:1: output") < in_order.find(":5:1: input"));
  CHECK(names_in(folder.path()) == texts{"relay.toml"});
  const auto right = file_with(folder, "[[output]]\nendpoint = \"made.log\"\n");
  CHECK(run({LOGRELAY_PROGRAM, "--check", "-c", right}, {.folder = folder.path().string()}).status == 0);
  CHECK(names_in(folder.path()) == texts{"relay.toml"});
}

TEST_CASE("the command line wins over the environment and that over the file, and endpoints add up") {
  const temp_folder folder;
  const auto file = file_with(folder, R"(timestamp = "file"
drain-timeout = "1s"
quiet = true
command = ["false"]
[[output]]
endpoint = "of-file.log"
)");
  const auto printed = run({LOGRELAY_PROGRAM, "--print-config", "-v", "--timestamp=line", "of-line.log", "--", "true"},
                           {.environment = {{"LOGRELAY_CONFIG", file}, {"LOGRELAY_DRAIN_TIMEOUT", "2s"}, {"LOGRELAY_TIMESTAMP", "environment"}}});
  CHECK(printed.errors == "");
  CHECK(printed.output == R"(drain-timeout = "2s"
timestamp = "line"
verbose = true
command = ["true"]

[[input]]
endpoint = "stdout:"

[[input]]
endpoint = "stderr:"

[[output]]
endpoint = "of-file.log"

[[output]]
endpoint = "of-line.log"
)");
  write_file(folder / "again.toml", printed.output);
  CHECK(run({LOGRELAY_PROGRAM, "--print-config", "-c", folder / "again.toml"}).output == printed.output);
}

TEST_CASE("HUP makes a relay follow its file and what is the same goes on") {
  const temp_folder folder;
  const auto file = file_with(folder, "[[input]]\nendpoint = '-'\n[[input]]\nendpoint = 'tcp://127.0.0.1:0'\n[[output]]\nendpoint = 'a.log'\n[[output]]\nendpoint = 'b.log'\n");
  relay_under_test relay(folder, {"-v", "-c", file});
  const auto port = relay.port("tcp://127.0.0.1:0");
  const fd peer = connected_tcp(port);
  write_all(peer, "1\n");
  REQUIRE(eventually([&] { return read_if_there(folder / "b.log") == "1\n"; }));
  file_with(folder, "[[input]]\nendpoint = '-'\n[[input]]\nendpoint = 'tcp://127.0.0.1:0'\n[[output]]\nendpoint = 'b.log'\nformat = '[{line}]'\n[[output]]\nendpoint = 'c.log'\n");
  reload(relay, [&] { return says(relay, "output 'a.log': is removed"); });
  write_all(peer, "2\n");  // the same connection
  REQUIRE(eventually([&] { return read_if_there(folder / "b.log") == "1\n[2]\n" && read_if_there(folder / "c.log") == "2\n"; }));
  CHECK(relay.port("tcp://127.0.0.1:0") == port);
  CHECK(names_of(relay.now().outputs()) == texts{"b.log", "c.log"});
  CHECK(relay.now().output("b.log").accepted() == 2);
  CHECK(read_file(folder / "a.log") == "1\n");
  relay.terminate();
}

TEST_CASE("a file with mistakes leaves the one before in force and says so") {
  const temp_folder folder;
  const auto file = file_with(folder, "[[output]]\nendpoint = 'a.log'\n");
  relay_under_test relay(folder, {"-c", file});
  file_with(folder, "[[output]]\nendpoint = 'b.log'\nrotat = '1M'\nqueue = true\n");
  reload(relay, [&] { return says(relay, "is not taken: the configuration from before stays in force"); });
  CHECK(says(relay, file + ":3:1: output 'b.log': unknown option 'rotat' (did you mean 'rotate'?)"));
  CHECK(says(relay, file + ":4:1: output 'b.log': 'queue=yes' is a boolean"));
  file_with(folder, "[[output]\n");
  reload(relay, [&] { return says(relay, file + ":1:"); });
  relay.write("line\n");
  relay.finish();
  CHECK(read_file(folder / "a.log") == "line\n");
  CHECK_FALSE(std::filesystem::exists(folder / "b.log"));
}

TEST_CASE("a file by which an input would read what an output writes leaves the one before in force") {
  const temp_folder folder;
  const auto file = file_with(folder, "[[input]]\nendpoint = '-'\n[[output]]\nendpoint = 'a.log'\n");
  relay_under_test relay(folder, {"-c", file});
  file_with(folder, "[[input]]\nendpoint = '-'\n[[input]]\nendpoint = 'tail:*.log'\ncheckpoint = 'check'\n[[output]]\nendpoint = 'a.log'\n");
  reload(relay, [&] { return says(relay, "is not taken: the configuration from before stays in force"); });
  CHECK(says(relay, file + ":7:1: output 'a.log': " + (folder / "a.log") + " is read by input 'tail:*.log'"));
  relay.write("line\n");
  CHECK(relay.finish().inputs().size() == 1);
  CHECK(read_file(folder / "a.log") == "line\n");
}

TEST_CASE("a hundred HUPs in a row with other files lose and double nothing") {
  const temp_folder folder;
  const auto text = [](int i) {
    std::string all = "drain-timeout = '20s'\n[[input]]\nendpoint = '-'\n[[output]]\nendpoint = 'same.log'\n";
    all += i % 2 == 0 ? "[[output]]\nendpoint = 'changes.log'\n" : "[[output]]\nendpoint = 'changes.log'\nqueue = '2M'\nformat = '{line}'\n";
    if (i % 3 == 0) all += "[[output]]\nendpoint = 'comes.log'\nspool = 'comes.spool'\n";
    if (i % 5 == 0) all += "[[input]]\nendpoint = 'unix:socket'\nname = 'socket'\n";
    return all;
  };
  const auto file = file_with(folder, text(0));
  relay_under_test relay(folder, {"-c", file});
  std::atomic<std::uint64_t> sent{0};
  std::atomic<bool> enough{false};
  std::thread writer([&] {
    while (!enough) {
      relay.write(numbered_lines(sent, 200));
      sent += 200;
      std::this_thread::sleep_for(1ms);  // else there are gigabytes by the end
    }
  });
  for (int i = 1; i <= 100; ++i) {
    write_file(folder / "next.toml", text(i));
    std::filesystem::rename(folder / "next.toml", file);
    relay.send(SIGHUP);
    if (i % 10 != 0) continue;  // the others come while one is still at work
    const auto now = relay.now();
    CHECK(now.output("same.log").dropped() == 0);
  }
  enough = true;
  writer.join();
  // The last file has an input that does not end by itself.
  REQUIRE(eventually([&] { return relay.now().output("same.log").accepted() == sent; }));
  const auto balance = relay.terminate();
  for (const auto* name : {"same.log", "changes.log"}) {
    const auto whole = read_sequence(read_file(folder / name));
    INFO(name << ": " << to_string(whole));
    CHECK(whole.is_whole(sent));
    CHECK(balance.output(name).delivered() == sent);
  }
  const auto parts = read_sequence(read_file(folder / "comes.log"));
  INFO(to_string(parts));
  CHECK(parts.misplaced + parts.foreign == 0);
}
