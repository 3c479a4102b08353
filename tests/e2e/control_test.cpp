// logrelayctl, beside a running relay and without one.
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/sockets.hpp>

using namespace logrelay;
using namespace logrelay::support;

namespace {

struct left_spool {
  left_spool() {
    running_relay relay(folder, {"tcp://127.0.0.1:" + std::to_string(port_of(refusing)) + ",name=o,stall-after=10ms,spool=" + path});
    relay.feed(text);
  }
  auto ctl(const std::string& command) { return run({LOGRELAY_CONTROL, "spool", command, path}); }

  temp_folder folder;
  fd refusing = bound_tcp(family::ipv4);
  std::string path = folder / "spool";
  std::string text = numbered_lines(0, 1000);
};

}  // namespace

TEST_CASE("logrelayctl lists a spool and prints and checks it and changes nothing") {
  left_spool it;
  const auto listed = it.ctl("ls");
  CHECK(listed.status == 0);
  CHECK_THAT(listed.output, Catch::Contains("complete") && Catch::Contains("1000 lines (19.5 KiB) are not delivered yet; the first is 0"));
  for (int i = 0; i < 2; ++i) {
    const auto printed = it.ctl("cat");
    CHECK(printed.status == 0);
    CHECK(difference(printed.output, it.text) == "");
  }
  const auto checked = it.ctl("check");
  CHECK(checked.status == 0);
  CHECK(checked.output == "1000 lines (19.5 KiB) are whole\n");
  CHECK(checked.errors == "");
}

TEST_CASE("logrelayctl drains a spool once") {
  left_spool it;
  const auto drained = it.ctl("drain");
  CHECK(drained.status == 0);
  CHECK(difference(drained.output, it.text) == "");
  CHECK(it.ctl("drain").output == "");
  CHECK_THAT(it.ctl("ls").output, Catch::Contains("nothing waits to be delivered"));
  CHECK(names_in(it.path).empty());
}

TEST_CASE("logrelayctl lets a relay deliver a spool to another output") {
  left_spool it;
  const auto out = it.folder / "out";
  const auto delivered = run({LOGRELAY_CONTROL, "spool", "drain", it.path, out});
  CHECK(delivered.errors == "");
  CHECK(delivered.status == 0);
  CHECK(difference(read_file(out), it.text) == "");
  CHECK(names_in(it.path).empty());
}

TEST_CASE("logrelayctl leaves in a spool what an output does not take, and says so") {
  left_spool it;
  const auto wrong = run({LOGRELAY_CONTROL, "spool", "drain", it.path, (it.folder / "out") + ",colour=red"});
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.errors, Catch::Contains("colour"));
  const auto missing = run({LOGRELAY_CONTROL, "spool", "drain", it.path, "tcp://127.0.0.1:" + std::to_string(port_of(it.refusing))},
                           {.environment = {{"LOGRELAY_DRAIN_TIMEOUT", "10ms"}}});
  CHECK(missing.status == 1);
  CHECK_THAT(missing.errors, Catch::Contains("1000 lines (19.5 KiB) were not delivered, and are still in " + it.path));
  CHECK(difference(it.ctl("cat").output, it.text) == "");
}

TEST_CASE("logrelayctl makes no directory that is not there") {
  const temp_folder folder;
  const auto refused = run({LOGRELAY_CONTROL, "spool", "drain", folder / "missing"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.errors, Catch::Contains("unable to open the folder " + (folder / "missing") + ": No such file"));
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("logrelayctl takes no other directory for an empty spool") {
  const temp_folder folder;
  CHECK(run({LOGRELAY_CONTROL, "spool", "ls", folder.path().string()}).status == 0);  // as before its first line
  write_file(folder / "notes", "");
  for (const std::string command : {"ls", "cat", "check", "drain"}) {
    const auto refused = run({LOGRELAY_CONTROL, "spool", command, folder.path().string()});
    CHECK(refused.status == 2);
    CHECK_THAT(refused.errors, Catch::Contains(folder.path().string() + " is no spool: name the directory that an output has as its 'spool'"));
  }
  CHECK(names_in(folder.path()) == std::vector<std::string>{"notes"});
}

TEST_CASE("what the environment says of other inputs and outputs is not for logrelayctl's relay") {
  const left_spool it;
  write_file(it.folder / "conf", "[[output]]\nendpoint = '" + (it.folder / "other") + "'\n");
  const auto drained = run({LOGRELAY_CONTROL, "spool", "drain", it.path, it.folder / "out"},
                           {.environment = {{"LOGRELAY_CONFIG", it.folder / "conf"}, {"LOGRELAY_INPUT", "tcp://127.0.0.1:0"}}});
  CHECK(drained.status == 0);
  CHECK(difference(read_file(it.folder / "out"), it.text) == "");
  CHECK_FALSE(std::filesystem::exists(it.folder / "other"));
}

TEST_CASE("logrelayctl tells what is damaged") {
  left_spool it;
  auto name = it.path + "/00000000000000000000.segment";
  auto bytes = read_file(name);
  bytes[bytes.size() / 2] ^= 1;
  write_file(name, bytes);
  const auto checked = it.ctl("check");
  CHECK(checked.status == 1);
  CHECK_THAT(checked.errors, Catch::Contains("are damaged or missing"));
}

TEST_CASE("logrelayctl looks beside a running relay and does not drain it") {
  const temp_folder folder;
  const auto refusing = bound_tcp(family::ipv4);
  const auto path = folder / "spool";
  running_relay relay(folder, {"tcp://127.0.0.1:" + std::to_string(port_of(refusing)) + ",stall-after=10ms,name=o,spool=" + path});
  const auto text = numbered_lines(0, 100);
  relay->write(text);
  REQUIRE(eventually([&] { return run({LOGRELAY_CONTROL, "spool", "cat", path}).output == text; }));
  const auto listed = run({LOGRELAY_CONTROL, "spool", "ls", path});
  CHECK(listed.status == 0);
  CHECK_THAT(listed.output, Catch::Contains("open") && Catch::Contains("100 lines"));
  CHECK(run({LOGRELAY_CONTROL, "spool", "check", path}).status == 0);
  for (const auto& words : {std::vector<std::string>{}, {folder / "out"}}) {
    std::vector<std::string> all{LOGRELAY_CONTROL, "spool", "drain", path};
    all.insert(all.end(), words.begin(), words.end());
    const auto refused = run(all);
    CHECK(refused.status == 2);
    CHECK_THAT(refused.errors, Catch::Contains("process " + std::to_string(relay->id()) + " (logrelay) holds it"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
  relay->close_input();
  relay.end();
}

TEST_CASE("logrelayctl says what is wrong with its words") {
  const auto said = [](const std::vector<std::string>& words) {
    std::vector<std::string> all{LOGRELAY_CONTROL};
    all.insert(all.end(), words.begin(), words.end());
    const auto got = run(all);
    CHECK(got.status == 2);
    return got.errors;
  };
  CHECK_THAT(said({}), Catch::Contains("--help"));
  CHECK_THAT(said({"spol", "ls", "x"}), Catch::Contains("did you mean 'spool'"));
  CHECK_THAT(said({"spool", "lsa", "x"}), Catch::Contains("did you mean 'ls'"));
  CHECK_THAT(said({"spool", "ls", "/nonexistent"}), Catch::Contains("unable to open the folder /nonexistent: No such file"));
  CHECK(run({LOGRELAY_CONTROL, "--help"}).status == 0);
}
