#include <catch2/catch.hpp>
#include <logrelay/net/relp.hpp>

#include <string>

namespace logrelay {
namespace {

// What is found, in words; pieces of one thing are joined.
std::string found_in(std::string_view stream, std::size_t piece_bytes) {
  relp_parser parser;
  std::string text, length;
  while (!stream.empty()) {
    auto some = stream.substr(0, piece_bytes);
    stream.remove_prefix(some.size());
    for (bool more = true; more;) {
      const auto piece = parser.next(some);
      switch (piece.what) {
        case relp_parser::found::nothing: more = false; break;
        case relp_parser::found::command: text += std::to_string(parser.number()) + " " + std::string(parser.command()) + "("; break;
        case relp_parser::found::length: length += piece.bytes; break;
        case relp_parser::found::data: text += piece.bytes; break;
        case relp_parser::found::end: text += ")" + std::exchange(length, {}) + ";"; break;
        case relp_parser::found::malformed: return text + "!" + parser.why();
      }
    }
  }
  return text;
}

TEST_CASE("RELP frames are found whatever pieces they come in") {
  const auto size = GENERATE(range(1, 12));
  CHECK(found_in("1 open 5 a\nb=c\n2 syslog 1 x\n3 close 0\n0 serverclose 0\n999999999 syslog 3 \n\n\n\n", static_cast<std::size_t>(size)) ==
        "1 open(a\nb=c)5 ;2 syslog(x)1 ;3 close()0 ;0 serverclose()0 ;999999999 syslog(\n\n\n)3 ;");
  CHECK(found_in("000000001 syslog 2 ab\n", static_cast<std::size_t>(size)) == "1 syslog(ab)2 ;");
}

TEST_CASE("what is no RELP is told from what is") {
  const auto [stream, why] = GENERATE(table<std::string, std::string>({
      {"x", "!no number where a frame should begin"},
      {" ", "!no number where a frame should begin"},
      {"1a", "!no number where a frame should begin"},
      {"1234567890 ", "!a frame's number has more than 9 digits"},
      {"1  ", "!a frame has no command"},
      {"1 sys1", "!a frame has no command"},
      {"1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", "!a frame's command has more than 32 letters"},
      {"1 syslog x", "1 syslog(!a frame has no length"},
      {"1 syslog \n", "1 syslog(!a frame has no length"},
      {"1 syslog 1234567890", "1 syslog(!a frame's length has more than 9 digits"},
      {"1 syslog 02 xy\n", "1 syslog(!a frame's length begins with 0"},
      {"1 syslog 1\nx\n", "1 syslog(!no space behind a frame's length"},
      {"1 syslog 1 xy", "1 syslog(x!no line feed where its length says that a frame ends"},
      {"1 syslog 0 \n", "1 syslog(!no line feed where its length says that a frame ends"},
      {"1 syslog -1 x", "1 syslog(!a frame has no length"},
  }));
  const auto size = GENERATE(1, 100);
  CHECK(found_in(stream, static_cast<std::size_t>(size)) == why);
}

TEST_CASE("RELP frames are written as they are read") {
  std::string frames;
  append_relp_frame(1, "open", relp_offers(), frames);
  append_relp_frame(next_relp_number(1), "syslog", "a\nb", frames);
  append_relp_frame(0, "serverclose", {}, frames);
  CHECK(frames == "1 open " + std::to_string(relp_offers().size()) + " " + relp_offers() + "\n2 syslog 3 a\nb\n0 serverclose 0\n");
}

TEST_CASE("RELP counts from 1 to 999999999 and begins again") {
  CHECK(next_relp_number(1) == 2);
  CHECK(next_relp_number(999'999'998) == 999'999'999);
  CHECK(next_relp_number(999'999'999) == 1);
}

TEST_CASE("RELP offers are good when they have a version and syslog") {
  CHECK(wrong_with_relp_offers(relp_offers()).empty());
  CHECK(wrong_with_relp_offers("commands=eventlog,syslog\nrelp_version=1\n").empty());
  CHECK(wrong_with_relp_offers("\nrelp_version=0\nrelp_software=librelp,1.10.0,http://librelp.adiscon.com\ncommands=syslog").empty());
  CHECK(wrong_with_relp_offers("commands=syslog") == "it speaks no version of RELP that we do");
  CHECK(wrong_with_relp_offers("relp_version=2\ncommands=syslog") == "it speaks no version of RELP that we do");
  CHECK(wrong_with_relp_offers("relp_version=0\ncommands=eventlog") == "it does not speak of syslog");
  CHECK_FALSE(wrong_with_relp_offers("").empty());
  CHECK_FALSE(wrong_with_relp_offers("====\n,,,\n\n").empty());
}

TEST_CASE("a RELP answer is a code, a sentence and more") {
  const auto whole = read_relp_answer("200 OK\nrelp_version=0\n");
  CHECK(whole.code == 200);
  CHECK(whole.text == "OK");
  CHECK(whole.offers == "relp_version=0\n");
  CHECK(read_relp_answer("500 no\n").text == "no");
  CHECK(read_relp_answer("200").code == 200);
  CHECK(read_relp_answer("200\nx=y").offers == "x=y");
  for (const auto* none : {"", "20", "2000 OK", "OK", "2x0 OK"}) CHECK(read_relp_answer(none).code == 0);
}

}  // namespace
}  // namespace logrelay
