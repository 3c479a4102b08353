#include "output_contract.hpp"

#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <logrelay/error.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <csignal>

namespace logrelay {
namespace {

using namespace support;

class command_peer final : public output_peer {
 public:
  explicit command_peer(bool hangs) { write_file(folder_ / (hangs ? "hold" : "free"), ""); }
  std::string endpoint() const override {
    // It ends with its folder, whoever still waits for it.
    return "exec:while test -e " + folder_ / "hold" + "; do sleep 0.01; done; cat >> " + folder_ / "out";
  }
  std::string text() override { return read_if_there(folder_ / "out"); }
  void wake_up() override { std::filesystem::remove(folder_ / "hold"); }

 private:
  const temp_folder folder_;
};

TEST_CASE("a command keeps the contract of outputs") {
  check_output_contract([](bool hangs) { return std::make_unique<command_peer>(hangs); });
}

TEST_CASE("a command that dies is started again and gets what it had not read from a line's start") {
  const temp_folder folder;
  const auto out_file = folder / "out";
  // Each takes a thousand lines and a bit, which a pipe of its own loses with it.
  const auto part = folder / "part";
  sending out("exec:head -c 20010 > " + part + "; cat " + part + " >> " + out_file + "; test ! -s " + part);
  out.start();
  out.push(numbered_lines(0, 3000));
  REQUIRE(out.retries(2));
  CHECK(out.delivers());
  const auto text = read_file(out_file);
  CHECK(text.starts_with(numbered_lines(0, 1000)));
  CHECK(out.account().balances());
  out.close();
  CHECK(out.ends());
}

TEST_CASE("a command that ends at once is tried again with growing pauses and its end is told") {
  sending out("exec:exit 3");
  out.start();
  out.push("line\n");
  REQUIRE(out.retries(2));
  CHECK_THAT(out.report().last_error, Catch::Contains("'exit 3' ended with status 3"));
  CHECK(out.account().pending.lines == 1);
  out.abandon();
  CHECK(out.ends(1s));
}

TEST_CASE("a command that closes its input and lives on is started again once it has ended") {
  const temp_folder folder;
  const auto pids = folder / "pids";
  sending out("exec:echo $$ >> " + pids + "; exec sleep 100 <&-");
  out.start();
  out.push("line\n");
  REQUIRE(out.retries(3));
  CHECK_THAT(out.report().last_error, Catch::EndsWith("has closed its input, and still runs"));
  REQUIRE(count_newlines(read_file(pids)) == 1);
  ::kill(std::stoi(read_file(pids)), SIGKILL);
  CHECK(eventually([&] { return count_newlines(read_file(pids)) == 2; }));
  out.abandon();
  CHECK(out.ends(1s));
  ::kill(std::stoi(split_lines(read_file(pids))[1]), SIGKILL);
}

TEST_CASE("at the end a command's input is closed and it is waited for") {
  const temp_folder folder;
  sending out("exec:cat > " + folder / "out" + "; echo over > " + folder / "end");
  out.start();
  out.push("line\n");
  out.close();
  CHECK(out.ends());
  CHECK(read_file(folder / "out") == "line\n");
  CHECK(read_file(folder / "end") == "over\n");
}

TEST_CASE("a command that does not end with its input is left when the listener is told to stop") {
  const temp_folder folder;
  write_file(folder / "hold", "");
  sending out("exec:cat > /dev/null; while test -e " + folder / "hold" + "; do sleep 0.01; done");
  out.start();
  out.push("line\n");
  REQUIRE(out.delivers());
  out.close();
  CHECK_FALSE(out.ends(20ms));
  out.abandon();
  CHECK(out.ends(1s));
}

TEST_CASE("a command has its standard descriptors and no other of ours") {
  const temp_folder folder;
  const fd ours(::open("/dev/null", O_RDONLY));  // inherited without close-on-exec
  sending out("exec:ls /proc/self/fd > " + folder / "out" + "; cat > /dev/null");
  out.start();
  out.push("line\n");
  out.close();
  CHECK(out.ends());
  CHECK(read_file(folder / "out") == "0\n1\n2\n3\n");  // the last one is the folder that ls reads
}

TEST_CASE("an exec output without a command is a mistake") {
  CHECK_THROWS_WITH(sending("exec:"), Catch::Contains("needs a command"));
}

}  // namespace
}  // namespace logrelay
