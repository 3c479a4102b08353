#include <catch2/catch.hpp>
#include <logrelay/format/journal.hpp>
#include <logrelay/format/record_values.hpp>

#include <support/journal_sink.hpp>

#include <array>

#include "line_of.hpp"

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using support::journal_entry;

journal_entry entry_of(const line_of& line, const given_options& given = {}) {
  mistakes wrong;
  const auto options = parse_options(given, std::array{record_rows()}, "output 'out'", wrong);
  REQUIRE(wrong.empty());
  std::string text;
  journal_format().make("journal", options)->append(line.view(), text);
  std::vector<std::string> complaints;
  auto entry = support::parse_journal_entry(text, complaints);
  CHECK(complaints == std::vector<std::string>());
  return entry;
}

std::string name_of(std::string_view text) {
  std::string name;
  append_journal_name(text, name);
  return name;
}

TEST_CASE("an entry of the journal has what is known of a line and nothing else") {
  CHECK(entry_of(line_of("it is up")) == journal_entry{{"MESSAGE", "it is up"}, {"PRIORITY", "6"}, {"LOGRELAY_INPUT", "in"}});
  CHECK(entry_of(line_of("<27>it is up").with_prefixes().of_stream("stdin").sent_by_process(7, 8)) ==
        journal_entry{{"MESSAGE", "it is up"}, {"PRIORITY", "3"}, {"SYSLOG_FACILITY", "3"}, {"SYSLOG_PID", "7"},
                      {"LOGRELAY_INPUT", "in"}, {"LOGRELAY_STREAM", "stdin"}});
}

TEST_CASE("a message of syslog has each of its fields in the journal under a name of its own") {
  const auto line = line_of(R"(<165>1 2021-02-03T04:05:06.5Z web1 nginx 77 ID4 [a@1 b="c\"d" 4e=""][f] it is up)").as_syslog();
  CHECK(entry_of(line) == journal_entry{{"MESSAGE", "it is up"},
                                        {"PRIORITY", "5"},
                                        {"SYSLOG_FACILITY", "20"},
                                        {"SYSLOG_IDENTIFIER", "nginx"},
                                        {"SYSLOG_PID", "77"},
                                        {"SYSLOG_TIMESTAMP", "2021-02-03T04:05:06.500000Z"},
                                        {"SYSLOG_MSGID", "ID4"},
                                        {"SYSLOG_HOSTNAME", "web1"},
                                        {"A_1_B", "c\"d"},
                                        {"A_1_4E", ""},
                                        {"LOGRELAY_INPUT", "in"}});
}

TEST_CASE("a message with newlines or any other bytes is the same in the journal") {
  for (const auto& message : {"\n"s, "a\nb"s, "a\n\nPRIORITY=0\n"s, "\0=\xff\r"s, ""s, std::string(300, 'x') + '\n'})
    CHECK(entry_of(line_of(message)).at("MESSAGE") == message);
}

TEST_CASE("options say it better than the line in the journal too and an id of 128 bits names the message") {
  const auto entry = entry_of(line_of("x"), {{"app", "a"}, {"severity", "err"}, {"facility", "local0"}, {"host", "h"}, {"pid", "p"},
                                             {"msgid", "fc2e22bc6ee647b6b90729ab34a250b1"}, {"sd", "[x y=\"z\"]"}, {"field", "unit:a.service"}});
  CHECK(entry == journal_entry{{"MESSAGE", "x"}, {"PRIORITY", "3"}, {"SYSLOG_FACILITY", "16"}, {"SYSLOG_IDENTIFIER", "a"}, {"SYSLOG_PID", "p"},
                               {"MESSAGE_ID", "fc2e22bc6ee647b6b90729ab34a250b1"}, {"SYSLOG_HOSTNAME", "h"}, {"X_Y", "z"},
                               {"UNIT", "a.service"}, {"LOGRELAY_INPUT", "in"}});
}

TEST_CASE("a field's name is one that journald takes") {
  CHECK(name_of("unit") == "UNIT");
  CHECK(name_of("a-b.c d\xc3\xa4") == "A_B_C_D__");
  CHECK(name_of("_PID") == "X_PID");
  CHECK(name_of("4e") == "X4E");
  CHECK(name_of(std::string(100, 'n')) == std::string(64, 'N'));
}

}  // namespace
}  // namespace logrelay
