// Whole lines, whole bytes (promises 3 and 4): what comes out is what went in, for every byte, length and cut.
#include <e2e/inherited.hpp>
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/sockets.hpp>

#include <sys/ioctl.h>

#include <array>
#include <random>

using namespace logrelay;
using namespace logrelay::support;
using namespace std::string_literals;

namespace {

const std::string odd_text =
    "plain\n"
    "\n"
    "\n"
    "carriage return\r\n"
    "\r\n"
    "nul \0 inside\n"
    "\0\n"
    "invalid \xff\xfe\xc3\x28 UTF-8\n"
    "valid \xc3\xa4\xe2\x82\xac UTF-8\n"
    "\x1b[1mescapes\x1b[0m\a\b\t\v\f\n"
    " leading and trailing blanks \n"
    "\x7f\x80\n"s;

/// Relays `text` through a pipe on stdin into a file.
struct relayed {
  std::string text;
  report balance;
};
relayed relay_text(std::string_view text, const std::string& input_options = "",
                   const std::string& output_options = "", const std::vector<std::string>& options = {}) {
  const temp_folder folder;
  auto words = options;
  words.insert(words.end(), {"-i", "-" + input_options, folder / "out" + output_options});
  running_relay relay(folder, words);
  auto balance = relay.feed(text);
  REQUIRE(relay->errors() == "");
  return {read_file(folder / "out"), std::move(balance)};
}

std::string completed(std::string text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

/// A line of `length` bytes without its newline, in which every place can be told from its neighbours.
std::string line_of(std::size_t length) {
  std::string line(length, ' ');
  for (std::size_t i = 0; i < length; ++i) line[i] = static_cast<char>('a' + i % 23);
  return line;
}

}  // namespace

TEST_CASE("bytes of every kind come through as they are") {
  REQUIRE(difference(relay_text(odd_text).text, odd_text) == "");
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  REQUIRE(difference(relay_text(every).text, every + "\n") == "");
}

TEST_CASE("a last line without a newline is kept and completed") {
  REQUIRE(relay_text("").text == "");
  REQUIRE(relay_text("\n").text == "\n");
  REQUIRE(relay_text("x").text == "x\n");
  REQUIRE(relay_text("\n\n").text == "\n\n");
  REQUIRE(relay_text("one\ntwo").text == "one\ntwo\n");
  REQUIRE(relay_text("one\r").text == "one\r\n");
  REQUIRE(relay_text("\0"s).text == "\0\n"s);
  REQUIRE(relay_text("x").balance.input("stdin").count("bytes") == 2);  // each line with its newline
}

TEST_CASE("lines about as long as a read or a block come through whole") {
  std::string text;
  for (const std::size_t size : {64u << 10, 128u << 10, 256u << 10}) {
    for (std::size_t length = size - 2; length <= size + 2; ++length) text += line_of(length) + "\nshort\n";
  }
  const auto [got, balance] = relay_text(text);
  REQUIRE(difference(got, text) == "");
  REQUIRE(balance.input("stdin").count("long_lines") == 0);

  const temp_folder folder;
  write_file(folder / "in", text);
  running_relay(folder, {folder / "out"}, {.input = stream::file(folder / "in")}).end();
  REQUIRE(difference(read_file(folder / "out"), text) == "");
}

TEST_CASE("lines about as long as a block begin anywhere in it") {
  std::mt19937 random(7);
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += line_of(random() % (64 << 10)) + "\n";
    text += line_of((256u << 10) - 2 + random() % 5) + "\n";
  }
  REQUIRE(difference(relay_text(text).text, text) == "");
}

TEST_CASE("a line of exactly max-line is whole and a longer one is cut as asked") {
  const std::size_t most = GENERATE(1, 100, 4096, 65536, 1 << 20);
  std::string text, split, truncated, dropped;
  const auto add = [&](std::size_t length) {
    const auto line = line_of(length);
    text += line + "\n";
    for (std::size_t at = 0; at < std::max<std::size_t>(length, 1); at += most) split += line.substr(at, most) + "\n";
    truncated += line.substr(0, most) + "\n";
    if (length <= most) dropped += line + "\n";
  };
  for (const auto length : {most - 1, most, most + 1, std::size_t{0}, 2 * most, 2 * most + 1}) add(length);

  const auto option = ",max-line=" + std::to_string(most);
  INFO(option);
  const auto check = [&](const std::string& action, const std::string& wanted) {
    const auto [got, balance] = relay_text(text, option + action);
    REQUIRE(difference(got, wanted) == "");
    REQUIRE(balance.input("stdin").count("long_lines") == 3);
  };
  check("", split);
  check(",max-line-action=split", split);
  check(",max-line-action=truncate", truncated);
  check(",max-line-action=drop", dropped);
}

TEST_CASE("without max-line a mebibyte is the longest line") {
  const auto text = line_of(1 << 20) + "\n" + line_of((1 << 20) + 1) + "\nnext\n";
  const auto [got, balance] = relay_text(text);
  REQUIRE(balance.input("stdin").count("long_lines") == 1);
  REQUIRE(got.size() == text.size() + 1);
  REQUIRE(balance.lines_read() == 4);
}

// ---- cuts between writes

namespace {

/// A FIFO into one relay. A piece that is written is read before the next one is.
class piecewise {
 public:
  piecewise(const std::string& input_options, const std::string& output_options)
      : relay_(folder_, {"-i", "fifo:" + folder_ / "in,until-eof=yes" + input_options, folder_ / "out" + output_options}) {
    in_ = open_fifo(folder_ / "in");
  }
  void write(std::string_view piece) {
    write_all(in_, piece);
    REQUIRE(eventually([&] {
      int unread = 0;
      return ::ioctl(in_.get(), FIONREAD, &unread) == 0 && unread == 0;
    }));
  }
  std::string end() {
    in_.reset();
    relay_.end();
    return read_file(folder_ / "out");
  }

 private:
  temp_folder folder_;
  running_relay relay_;
  fd in_;
};

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// The text in two writes, cut at every place there is.
void cut_everywhere(const std::string& text, const std::string& wanted, const std::string& input_options,
                    const std::string& output_options) {
  piecewise pieces(input_options, output_options);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    pieces.write(std::string_view(text).substr(0, cut));
    pieces.write(std::string_view(text).substr(cut));
  }
  REQUIRE(difference(pieces.end(), repeated(wanted, text.size() - 1)) == "");
}

}  // namespace

TEST_CASE("writes may cut lines at every byte") { cut_everywhere(odd_text, odd_text, "", ""); }

TEST_CASE("writes may cut lines that NULs end at every byte") {
  const auto text = "one\0\0t\nwo\0three\r\0"s;
  cut_everywhere(text, text, ",framing=nul", ",framing=nul");
}

TEST_CASE("writes may cut counted lines at every byte") {
  const auto text = "3 one0 12 twelve\nbytes10 0123456789"s;
  cut_everywhere(text, text, ",framing=octet", ",framing=octet");
}

TEST_CASE("writes may cut too long lines at every byte") {
  cut_everywhere("0123456789abcdef\nshort\n", "01234567\n89abcdef\nshort\n", ",max-line=8", "");
}

TEST_CASE("writes may be of one byte each") {
  piecewise pieces("", "");
  for (const char byte : odd_text) pieces.write({&byte, 1});
  pieces.write("no end");
  REQUIRE(difference(pieces.end(), odd_text + "no end\n") == "");
}

// ---- framing

namespace {

using messages_list = std::vector<std::string>;

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

std::string framed(const messages_list& messages, const std::string& framing) {
  std::string text;
  for (auto message : messages) {
    if (framing == "octet") {
      text += std::to_string(message.size()) + " " + message;
    } else if (framing == "nul") {
      replace_all(message, "\0"s, "\\x00");
      text += message + "\0"s;
    } else {
      if (message.ends_with('\n')) message.pop_back();  // it is the line's
      replace_all(message, "\n", "\\n");
      text += message + "\n";
    }
  }
  return text;
}

}  // namespace

TEST_CASE("every framing turns into every other") {
  const auto framing = GENERATE("newline"s, "nul"s, "octet"s);
  messages_list messages{"plain", "", "12 looks counted", "<3>looks ranked", "\r", "\xff\xfe", "back\\slash"};
  if (framing != "newline") messages.insert(messages.end(), {"two\nlines", "\n", "ends with one\n"});
  if (framing != "nul") messages.insert(messages.end(), {"nul\0inside"s, "\0"s});
  messages.push_back("last");

  const temp_folder folder;
  running_relay relay(folder, {"-i", "-,framing=" + framing, folder / "newline", folder / "nul,framing=nul",
                               folder / "octet,framing=octet"});
  const auto report = relay.feed(framed(messages, framing));
  REQUIRE(report.lines_read() == messages.size());
  REQUIRE(report.input("stdin").count("framing_errors") == 0);
  for (const auto& each : {"newline"s, "nul"s, "octet"s}) {
    INFO(framing << " to " << each);
    REQUIRE(difference(read_file(folder / each), framed(messages, each)) == "");
  }
}

TEST_CASE("a last line that lacks its end is completed in every framing") {
  REQUIRE(relay_text("one\0two"s, ",framing=nul", ",framing=nul").text == "one\0two\0"s);
  REQUIRE(relay_text("one\0two"s, ",framing=nul").text == "one\ntwo\n");
  REQUIRE(relay_text("3 one9 tw", ",framing=octet").text == "one\ntw\n");
  REQUIRE(relay_text("3 one9 tw", ",framing=octet").balance.input("stdin").count("framing_errors") == 1);
}

TEST_CASE("a line without its length among counted ones is kept and counted as an error") {
  const auto [text, balance] = relay_text("3 oneplain line\n5 three", ",framing=octet");
  REQUIRE(text == "one\nplain line\nthree\n");
  REQUIRE(balance.input("stdin").count("framing_errors") == 1);
}

TEST_CASE("long lines are cut in every framing") {
  REQUIRE(relay_text("0123456789\0x\0"s, ",framing=nul,max-line=4").text == "0123\n4567\n89\nx\n");
  REQUIRE(relay_text("10 01234567891 x", ",framing=octet,max-line=4").text == "0123\n4567\n89\nx\n");
  REQUIRE(relay_text("10 01234567891 x", ",framing=octet,max-line=4,max-line-action=truncate").text == "0123\nx\n");
  REQUIRE(relay_text("10 01234567891 x", ",framing=octet,max-line=4,max-line-action=drop").text == "x\n");
}

TEST_CASE("a datagram is one line and keeps the newlines inside where they do not frame") {
  const temp_folder folder;
  running_relay relay(folder, {"-i", "unixgram:" + folder / "in", folder / "newline", folder / "octet,framing=octet"});
  const auto socket = connected_unixgram(folder / "in");
  messages_list messages;
  for (const auto& datagram : {"plain"s, "ended\n"s, "two\nlines\n"s, "\n\n"s, "nul\0"s, "\r\n"s}) {
    send_datagram(socket, datagram);
    messages.push_back(datagram.ends_with('\n') ? datagram.substr(0, datagram.size() - 1) : datagram);
  }
  REQUIRE(eventually([&] { return read_if_there(folder / "octet") == framed(messages, "octet"); }));
  relay->send(SIGTERM);
  relay.end();
  REQUIRE(difference(read_file(folder / "newline"), framed(messages, "newline")) == "");
  REQUIRE(difference(read_file(folder / "octet"), framed(messages, "octet")) == "");
}

// ---- anything at all

TEST_CASE("random bytes in random writes come through as they are") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 30; ++round) {
    const unsigned bytes_a_line = std::array{1u, 2u, 80u, 100'000u}[random() % 4];
    std::string text(random() % (random() % 4 == 0 ? 600'000 : 3000), '\0');
    for (auto& byte : text) byte = random() % bytes_a_line == 0 ? '\n' : static_cast<char>(random());

    const temp_folder folder;
    running_relay relay(folder, {folder / "out", "-"});
    for (std::size_t at = 0; at < text.size();) {
      const auto size = 1 + random() % (random() % 2 == 0 ? 100'000 : 100);
      relay->write(std::string_view(text).substr(at, size));
      at += size;
    }
    relay.feed("");
    REQUIRE(difference(read_file(folder / "out"), completed(text)) == "");
    REQUIRE(difference(relay->output(), completed(text)) == "");
  }
}

TEST_CASE("real lines come through as they are whatever stands between") {
  const auto text = real_lines(4 << 20);
  const temp_folder folder;
  make_fifo(folder / "between");
  running_relay second(folder, {"-i", "fifo:" + folder / "between,until-eof=yes", folder / "out"});
  const temp_folder other;
  running_relay first(other, {"fifo:" + folder / "between"});
  first.feed(text);
  second.end();
  REQUIRE(difference(read_file(folder / "out"), text) == "");
}

// ---- what is asked to change lines

TEST_CASE("a timestamp stands before every line") {
  const auto lines = split_lines(relay_text("one\n\ntwo", "", "", {"-t"}).text);
  REQUIRE(lines.size() == 3);
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z )";
  REQUIRE_THAT(lines[0], Catch::Matches(time + "one"));
  REQUIRE_THAT(lines[1], Catch::Matches(time));
  REQUIRE_THAT(lines[2], Catch::Matches(time + "two"));
  REQUIRE_THAT(relay_text("x\n", "", "", {"--timestamp=[%Y]"}).text, Catch::Matches(R"(\[\d{4}\] x\n)"));
}

TEST_CASE("a template builds every line anew") {
  REQUIRE(relay_text("one\n\n{two}\n", ",name=in", ",format={input}|{stream}|{level}|{line}|{{x}}").text ==
          "in|stdin|info|one|{x}\nin|stdin|info||{x}\nin|stdin|info|{two}|{x}\n");
  REQUIRE(relay_text("a\0b\0"s, ",framing=nul", ",format=<{line}>").text == "<a>\n<b>\n");
  REQUIRE(relay_text("abc\n", "", ",format=[{line}],framing=octet").text == "5 [abc]");
}

TEST_CASE("colours are taken out where asked and the rest stays") {
  const auto text = "\x1b[1;31mred\x1b[0m and \x1b]0;title\aplain\nnothing to do\n"s;
  REQUIRE(relay_text(text, "", ",strip-ansi=yes").text == "red and plain\nnothing to do\n");
  REQUIRE(relay_text(text, "", ",strip-ansi=yes,match=^red and").text == "red and plain\n");
}

TEST_CASE("each output takes the levels that it wants") {
  const temp_folder folder;
  running_relay relay(folder, {"-i", "-,decode=prefix,default-level=notice", folder / "all", folder / "err,level=err",
                               folder / "notice,level=notice", folder / "message,format={level}: {message}"});
  const std::string text = "<0>emergency\n<11>user error\n<4>warning\nnone\n<6>info\n<7>debug\n<x>none either\n";
  const auto report = relay.feed(text);
  REQUIRE(read_file(folder / "all") == text);
  REQUIRE(read_file(folder / "err") == "<0>emergency\n<11>user error\n");
  REQUIRE(read_file(folder / "notice") == "<0>emergency\n<11>user error\n<4>warning\nnone\n<x>none either\n");
  REQUIRE(read_file(folder / "message") ==
          "emerg: emergency\nerr: user error\nwarning: warning\nnotice: none\ninfo: info\ndebug: debug\n"
          "notice: <x>none either\n");
  REQUIRE(report.output(folder / "err").delivered() == 2);
  REQUIRE(report.output(folder / "err").filtered() == 5);
  REQUIRE(report.output(folder / "all").filtered() == 0);
}

TEST_CASE("each output takes the lines that it matches and leaves out those that it rejects") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "m,match=^GET,match=^PUT,name=m", folder / "r,reject=health,name=r",
                               folder / "mr,match=^GET,reject=health,name=mr", folder / "none,match=^$,name=none"});
  const auto report = relay.feed("GET /\nGET /health\nPUT /x\nDELETE /health\nPOST /\n");
  REQUIRE(read_file(folder / "m") == "GET /\nGET /health\nPUT /x\n");
  REQUIRE(read_file(folder / "r") == "GET /\nPUT /x\nPOST /\n");
  REQUIRE(read_file(folder / "mr") == "GET /\n");
  REQUIRE(read_file(folder / "none").empty());
  REQUIRE(report.output("none").filtered() == 5);
  REQUIRE(report.output("mr").filtered() == 4);
}

TEST_CASE("filters see real lines as grep does") {
  const auto text = real_lines(1 << 20);
  std::string wanted;
  for (const auto& line : split_lines(text))
    if (line.find("error") != std::string::npos) wanted += line + "\n";
  const auto [got, balance] = relay_text(text, "", ",match=error,name=out");
  REQUIRE(difference(got, wanted) == "");
  REQUIRE(balance.output("out").delivered() == count_newlines(wanted));
}

TEST_CASE("an output takes the inputs that it is told to and counts no others") {
  const temp_folder folder;
  auto one = make_pipe();
  auto two = make_pipe();
  running_relay relay(folder,
                      {"-i", "fd:3,name=one", "-i", "fd:4,name=two", folder / "1,from=one,name=1",
                       folder / "2,from=two,name=2", folder / "both,from=one,from=two,name=both",
                       folder / "all,format={input} {line},name=all"},
                      {.descriptors = {{3, one.reading.get()}, {4, two.reading.get()}}});
  const auto text = numbered_lines(0, 1000);
  write_all(one.writing, text);
  write_all(two.writing, "other\n");
  one.writing.reset();
  two.writing.reset();
  const auto report = relay.end();
  REQUIRE(difference(read_file(folder / "1"), text) == "");
  REQUIRE(read_file(folder / "2") == "other\n");
  REQUIRE(report.output("1").accepted() == 1000);
  REQUIRE(report.output("2").accepted() == 1);
  REQUIRE(report.output("both").accepted() == 1001);
  const auto both = read_sequence(read_file(folder / "both"));
  REQUIRE(both.lines == 1000);
  REQUIRE(both.missing + both.misplaced == 0);
  REQUIRE(both.foreign == 1);
  REQUIRE_THAT(read_file(folder / "all"), Catch::Contains("two other\n") && Catch::Contains("one 0000000999"));
}
