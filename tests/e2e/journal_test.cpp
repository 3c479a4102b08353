// journal: with a socket of ours, which is strict about the protocol, and with systemd-journald itself.
#include "relay_under_test.hpp"

#include <support/eventually.hpp>
#include <support/journal_sink.hpp>

#include <unistd.h>

#include <filesystem>

using namespace logrelay;
using namespace logrelay::support;
using namespace std::string_literals;

namespace {

constexpr auto journald = "/lib/systemd/systemd-journald";

std::vector<std::string> messages_of(const std::vector<journal_entry>& entries) {
  std::vector<std::string> all;
  for (const auto& each : entries) all.push_back(each.at("MESSAGE"));
  return all;
}

}  // namespace

TEST_CASE("the journal gets every line with its bytes, the longest ones as sealed memory") {
  const temp_folder folder;
  const journal_sink journal(folder / "socket");
  relay_under_test relay(folder, {"-i", "-,framing=nul,max-line=8M,decode=prefix", "journal:" + folder / "socket" + ",name=out,app=it"});
  std::vector<std::string> wanted{"one", "two\nlines\n", "\xff\r\t", "", std::string(200'000, 'x'), std::string(5'000'000, 'y'), "last"};
  for (const auto& each : wanted) relay.write("<28>" + each + '\0');
  const auto balance = relay.finish();
  REQUIRE(eventually([&] { return journal.count() == wanted.size(); }));
  CHECK(journal.complaints() == std::vector<std::string>());
  CHECK(messages_of(journal.entries()) == wanted);
  CHECK(journal.sealed() >= 1);
  for (const auto& each : journal.entries()) {
    CHECK(each.at("PRIORITY") == "4");
    CHECK(each.at("SYSLOG_FACILITY") == "3");
    CHECK(each.at("SYSLOG_IDENTIFIER") == "it");
  }
  CHECK(balance.output("out").delivered() == wanted.size());
}

TEST_CASE("a journal that goes and comes back gets every line in order") {
  const temp_folder folder;
  const auto path = folder / "socket";
  relay_under_test relay(folder, {"journal:" + path + ",name=out"});
  const auto say = [&](int from) { relay.write(numbered_lines(from, 100)); };
  std::vector<std::string> all;
  for (int from = 0; from < 300; from += 100) {
    say(from);
    const journal_sink journal(path);
    REQUIRE(eventually([&] { return journal.count() == 100; }));
    CHECK(journal.complaints() == std::vector<std::string>());
    for (auto& each : messages_of(journal.entries())) all.push_back(std::move(each));
    REQUIRE(eventually([&] { return relay.now().output("out").delivered() == static_cast<std::uint64_t>(from) + 100; }));
    std::filesystem::remove(path);
  }
  relay.finish();
  CHECK(all == split_lines(numbered_lines(0, 300)));
}

TEST_CASE("what a command says is in the journal under its name with the level of each of its outputs") {
  const temp_folder folder;
  const journal_sink journal(folder / "socket");
  REQUIRE(run({LOGRELAY_PROGRAM, "journal:" + folder / "socket", "--", "/bin/sh", "-c", "echo good; echo bad >&2"}).status == 0);
  REQUIRE(eventually([&] { return journal.count() == 2; }));
  for (const auto& each : journal.entries()) {
    CHECK(each.at("SYSLOG_IDENTIFIER") == "sh");
    CHECK(each.at("PRIORITY") == (each.at("MESSAGE") == "good" ? "6" : "3"));
    CHECK(each.at("LOGRELAY_STREAM") == (each.at("MESSAGE") == "good" ? "stdout" : "stderr"));
  }
}

TEST_CASE("systemd-journald stores what it is sent") {
  if (::geteuid() != 0 || !std::filesystem::exists(journald) || !has("journalctl")) {
    WARN("systemd-journald cannot be started here: it needs root, and Debian's systemd");
    return;
  }
  const temp_folder folder;
  write_file(folder / "lines", "<6>first\n<3>an error\n<6>" + std::string(900'000, 'l') + "\n<6>last\n");
  std::filesystem::create_directories(folder / "log/journal");
  // A machine of its own: its sockets and its files are seen by nobody else.
  write_file(folder / "machine-id", "0123456789abcdef0123456789abcdef\n");
  const auto* const script = R"sh(set -e
mount --bind "$1/log" /var/log
if [ -e /etc/machine-id ]; then mount --bind "$1/machine-id" /etc/machine-id; fi
mkdir -p /run/systemd
mount -t tmpfs none /run/systemd
mkdir /run/systemd/journal
RUNTIME_DIRECTORY=/run/systemd/journal "$3" logrelay 2>"$1/journald.err" &
journald=$!
trap 'kill $journald' EXIT
while [ ! -S /run/systemd/journal/socket ]; do kill -0 $journald; sleep 0.05; done
"$2" --report "$1/report.json" -i -,decode=prefix journal:,name=out,app=teller <"$1/lines"
for turn in $(seq 400); do
  journalctl --file "/var/log/journal/*/system.journal" --no-pager -q --all -o json SYSLOG_IDENTIFIER=teller >"$1/found" || true
  [ "$(wc -l <"$1/found")" -lt 4 ] || exit 0
  sleep 0.05
done
exit 1)sh";
  const auto ran = run({"unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", folder.path().string(), LOGRELAY_PROGRAM, journald});
  if (!std::filesystem::exists(folder / "report.json")) {
    WARN("systemd-journald cannot be started here: " + ran.errors + read_if_there(folder / "journald.err"));
    return;
  }
  INFO(ran.errors);
  REQUIRE(ran.status == 0);
  check_balance(read_report(folder / "report.json"));
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& line : split_lines(read_file(folder / "found"))) {
    const auto entry = nlohmann::json::parse(line);
    CHECK(entry.at("_TRANSPORT") == "journal");
    CHECK(entry.at("LOGRELAY_INPUT") == "stdin");
    found.emplace_back(entry.at("PRIORITY"), entry.at("MESSAGE"));
  }
  using entries = std::vector<std::pair<std::string, std::string>>;
  CHECK(found == entries{{"6", "first"}, {"3", "an error"}, {"6", std::string(900'000, 'l')}, {"6", "last"}});
}
