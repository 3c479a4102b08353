// What happens when an output is slower than its inputs, or dead: the four overflow policies, the markers that tell of
// dropped lines, the filters, and the account of each.
#include <ctime>
#include <regex>
#include <support/lines.hpp>
#include <support/pacer.hpp>
#include <support/pipe_sink.hpp>
#include <support/sink.hpp>

#include "relay_under_test.hpp"

using namespace logrelay;
using namespace logrelay::support;

namespace {

constexpr std::size_t line_bytes = 100;

/// A relay whose stdin is a pipe that a pacer of ours writes to.
struct paced_relay {
  paced_relay(const temp_folder& folder, const std::vector<std::string>& arguments, pacer::pace how)
      : paced_relay(folder, arguments, how, make_pipe()) {}

  relay_under_test relay;
  pacer writer;

 private:
  paced_relay(const temp_folder& folder, const std::vector<std::string>& arguments, pacer::pace how, pipe_ends pipe)
      : relay(folder, arguments, {.input = stream::descriptor(pipe.reading.get())}),
        writer(std::move(pipe.writing), how) {}
};

bool eventually_accepted(const relay_under_test& relay, const std::string& output, std::uint64_t lines) {
  return eventually([&] { return relay.now().output(output).accepted() == lines; });
}

/// The text of DESIGN's promise 2.
const std::regex marker_form(
    "logrelay: dropped ([0-9]+) lines \\(([0-9]+) bytes\\): queue full, from "
    "([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z) to "
    "([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z)");

struct markers {
  std::uint64_t count = 0, lines = 0, bytes = 0;
};
markers markers_in(std::string_view text) {
  markers all;
  for (const auto& line : split_lines(text)) {
    if (!line.starts_with("logrelay:")) continue;
    INFO(line);
    std::smatch parts;
    REQUIRE(std::regex_match(line, parts, marker_form));
    REQUIRE(parts[3].str() <= parts[4].str());
    ++all.count;
    all.lines += std::stoull(parts[1]);
    all.bytes += std::stoull(parts[2]);
  }
  return all;
}

/// Once nothing more comes.
std::string all_of(const pipe_sink& reader) {
  std::uint64_t before = reader.bytes();
  REQUIRE(eventually([&] {
    std::this_thread::sleep_for(20ms);
    return std::exchange(before, reader.bytes()) == reader.bytes();
  }));
  return reader.text();
}

/// Markers and lines in the text, and in the report, tell the same.
void check_account(const std::string& text, const report_row& output, std::uint64_t sent) {
  const auto lines = read_sequence(text, line_bytes);
  INFO(to_string(lines));
  REQUIRE(lines.accounts_for(sent));
  REQUIRE(output.accepted() == sent);
  REQUIRE(output.delivered() == lines.lines);
  const auto announced = markers_in(text);
  REQUIRE(output.count("markers") == announced.count);
  REQUIRE(output.dropped() == announced.lines);
  REQUIRE(output.count("dropped_bytes") == announced.bytes);
}

}  // namespace

TEST_CASE("a blocking output holds the writer and the report tells for how long") {
  const temp_folder folder;
  constexpr std::uint64_t count = 50'000;
  paced_relay at(folder, {"fifo:out.fifo,overflow=block,queue=64K,name=held", "all.log"},
                 {.lines = count, .lines_a_second = 0, .length = line_bytes});
  REQUIRE(eventually([&] { return at.writer.waiting() > 200ms; }));
  const auto report = at.relay.now_in_full();
  const auto& input = report.at("inputs").at(0);
  REQUIRE(input.at("paused_seconds") > 0.05);
  REQUIRE(input.at("paused_by").size() == 1);
  REQUIRE(input.at("paused_by").at("held") == input.at("paused_seconds"));
  REQUIRE(report.at("outputs").at(0).at("dropped_lines") == 0);
  const pipe_sink reader(folder / "out.fifo");
  REQUIRE(at.writer.wait(patience));
  at.writer.close();
  const auto balance = at.relay.ended();
  REQUIRE(balance.output("held").delivered() == count);
  REQUIRE(eventually([&] { return reader.bytes() == count * line_bytes; }));
  REQUIRE(read_sequence(reader.text(), line_bytes).is_whole(count));
  REQUIRE(read_sequence(read_file(folder / "all.log"), line_bytes).is_whole(count));
  REQUIRE(balance.inputs()[0].number("paused_seconds") >= input.at("paused_seconds").get<double>());
}

TEST_CASE("drop-newest keeps what came first and announces the rest though no line follows") {
  const temp_folder folder;
  constexpr std::uint64_t count = 20'000;
  relay_under_test relay(folder, {"fifo:out.fifo,overflow=drop-newest,queue=64K,name=out"});
  relay.write(numbered_lines(0, count, line_bytes));
  REQUIRE(eventually_accepted(relay, "out", count));
  const pipe_sink reader(folder / "out.fifo");
  REQUIRE(eventually([&] { return relay.now().output("out").pending() == 0 && reader.bytes() > 0; }));
  const auto text = all_of(reader);
  const auto lines = read_sequence(text, line_bytes);
  INFO(to_string(lines));
  REQUIRE(lines.first == 0);
  REQUIRE(lines.missing == 0);
  REQUIRE(lines.markers == 1);
  REQUIRE_THAT(split_lines(text).back(), Catch::StartsWith("logrelay: dropped "));
  const auto balance = relay.finish(1);
  REQUIRE(reader.text() == text);
  check_account(text, balance.output("out"), count);
  REQUIRE_THAT(relay.errors(),
               Catch::Contains("logrelay: error: output 'out': ") && Catch::Contains(" dropped, its queue was full"));
}

TEST_CASE("drop-oldest keeps what came last behind what tells of the others") {
  const temp_folder folder;
  constexpr std::uint64_t count = 20'000;
  relay_under_test relay(folder, {"fifo:out.fifo,overflow=drop-oldest,queue=64K,name=out"});
  relay.write(numbered_lines(0, count, line_bytes));
  REQUIRE(eventually_accepted(relay, "out", count));
  const pipe_sink reader(folder / "out.fifo");
  const auto balance = relay.finish(1);
  const auto text = all_of(reader);
  const auto lines = read_sequence(text, line_bytes);
  INFO(to_string(lines));
  REQUIRE(lines.last == count - 1);
  REQUIRE(lines.markers == 1);
  check_account(text, balance.output("out"), count);
}

TEST_CASE("lines that come after a loss stand behind its marker") {
  const temp_folder folder;
  relay_under_test relay(folder, {"fifo:out.fifo,overflow=drop-newest,queue=64K,name=out"});
  relay.write(numbered_lines(0, 5000, line_bytes));
  REQUIRE(eventually_accepted(relay, "out", 5000));
  const pipe_sink reader(folder / "out.fifo");
  REQUIRE(eventually([&] { return relay.now().output("out").pending() == 0; }));
  relay.write(numbered_lines(5000, 100, line_bytes));
  const auto balance = relay.finish(1);
  const auto text = all_of(reader);
  check_account(text, balance.output("out"), 5100);
  const auto marker = text.find("logrelay:");
  REQUIRE(text.substr(text.find('\n', marker) + 1) == numbered_lines(5000, 100, line_bytes));
  REQUIRE(read_sequence(text.substr(0, marker), line_bytes).missing == 0);
  // Said once when it began and once when it was over, then what was lost.
  const auto said = split_lines(relay.errors());
  REQUIRE(std::count_if(said.begin(), said.end(), [](const auto& line) {
            return line.find("its queue is full (64.0 KiB)") != std::string::npos;
          }) == 1);
  REQUIRE(std::count_if(said.begin(), said.end(),
                        [](const auto& line) { return line.find("takes lines again") != std::string::npos; }) == 1);
}

TEST_CASE("an adaptive output that is slow but moves loses nothing") {
  const temp_folder folder;
  auto sink = stream_sink::tcp({.bytes_a_second = 4'000'000, .receive_buffer = 64 * 1024});
  constexpr std::uint64_t count = 100'000;
  relay_under_test relay(folder, {sink.endpoint() + ",queue=256K,stall-after=5s,name=out"});
  relay.write(numbered_lines(0, count, line_bytes));  // ten million bytes
  const auto balance = relay.finish();
  REQUIRE(balance.output("out").delivered() == count);
  REQUIRE(balance.inputs()[0].number("paused_seconds") > 0);
  REQUIRE(eventually([&] { return sink.bytes() == count * line_bytes; }));
  REQUIRE(read_sequence(sink.text(), line_bytes).is_whole(count));
}

TEST_CASE("an adaptive output that is dead keeps the newest lines and holds the writer no longer than stall-after") {
  const temp_folder folder;
  constexpr std::uint64_t count = 100'000;
  paced_relay at(folder, {"fifo:out.fifo,overflow=adaptive,stall-after=300ms,queue=256K,name=out", "all.log"},
                 {.lines = count, .lines_a_second = 0, .length = line_bytes});
  REQUIRE(at.writer.wait(patience));
  REQUIRE(at.writer.writes().greatest >= 100ms);  // it was held
  REQUIRE(at.writer.writes().greatest < 5s);
  REQUIRE(eventually_accepted(at.relay, "out", count));
  REQUIRE(at.relay.now().output("all.log").delivered() == count);
  const pipe_sink reader(folder / "out.fifo");
  at.writer.close();
  const auto balance = at.relay.ended(1);
  const auto text = all_of(reader);
  REQUIRE(read_sequence(text, line_bytes).last == count - 1);
  check_account(text, balance.output("out"), count);
  REQUIRE(balance.output("out").dropped() > count / 2);
}

TEST_CASE("a TCP peer that is dead for a while gets the newest lines and the gap between") {
  const temp_folder folder;
  auto sink = stream_sink::tcp({.reads = false, .receive_buffer = 32 * 1024});
  relay_under_test relay(folder, {sink.endpoint() + ",stall-after=300ms,queue=256K,name=out"});
  constexpr std::uint64_t count = 200'000;
  relay.write(numbered_lines(0, count, line_bytes));
  REQUIRE(eventually_accepted(relay, "out", count));
  REQUIRE(relay.now().output("out").dropped() > 0);
  sink.start_reading();
  const auto balance = relay.finish(1);
  const auto out = balance.output("out");
  REQUIRE(eventually([&] { return count_newlines(sink.text()) == out.delivered() + out.count("markers"); }));
  const auto lines = read_sequence(sink.text(), line_bytes);
  REQUIRE(lines.first == 0);
  REQUIRE(lines.last == count - 1);
  check_account(sink.text(), out, count);
}

TEST_CASE("without gap markers lines are dropped and counted all the same") {
  const temp_folder folder;
  relay_under_test relay(folder, {"fifo:out.fifo,overflow=drop-oldest,queue=64K,gap-marker=no,name=out"});
  relay.write(numbered_lines(0, 10'000, line_bytes));
  REQUIRE(eventually_accepted(relay, "out", 10'000));
  const pipe_sink reader(folder / "out.fifo");
  const auto out = relay.finish(1).output("out");
  const auto lines = read_sequence(all_of(reader), line_bytes);
  INFO(to_string(lines));
  REQUIRE(lines.markers + lines.foreign + lines.misplaced == 0);
  REQUIRE(lines.missing == lines.first);  // no hole behind the first
  REQUIRE(lines.last == 9999);
  REQUIRE(out.count("markers") == 0);
  REQUIRE(lines.lines + out.dropped() == 10'000);
}

TEST_CASE("a marker has the format and framing of its output and passes its filters") {
  const temp_folder folder;
  relay_under_test relay(folder,
                         {"-i", "-,name=in,decode=prefix",
                          "fifo:out.fifo,overflow=drop-newest,queue=64K,name=out,framing=octet,match=x,level=err,"
                          "format={level} {input}: {line}"});
  relay.write(numbered_lines(0, 5000, line_bytes));  // filtered only when they are delivered, which nobody lets them be
  REQUIRE(eventually_accepted(relay, "out", 5000));
  const pipe_sink reader(folder / "out.fifo");
  const auto out = relay.finish(1).output("out");
  REQUIRE(out.filtered() + out.dropped() == 5000);
  const auto text = all_of(reader);
  INFO(text);
  const auto space = text.find(' ');
  REQUIRE(std::stoull(text) == text.size() - space - 1);
  const std::string start = "warning logrelay: ";
  REQUIRE_THAT(text.substr(space + 1), Catch::StartsWith(start));
  const auto marker = text.substr(space + 1 + start.size());
  REQUIRE(markers_in(marker).lines == out.dropped());
}

TEST_CASE("a marker tells when the lines that were dropped had been read") {
  const temp_folder folder;
  const auto seconds = [](const std::string& text) {
    std::tm at{};
    REQUIRE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &at) != nullptr);
    return ::timegm(&at);
  };
  relay_under_test relay(folder, {"fifo:out.fifo,overflow=drop-newest,queue=64K,name=out"});
  const auto before = ::time(nullptr);
  relay.write(numbered_lines(0, 5000, line_bytes));
  REQUIRE(eventually_accepted(relay, "out", 5000));
  const auto after = ::time(nullptr);
  const pipe_sink reader(folder / "out.fifo");
  relay.finish(1);
  const auto text = all_of(reader);
  std::smatch parts;
  REQUIRE(std::regex_search(text, parts, marker_form));
  REQUIRE(seconds(parts[3]) >= before);
  REQUIRE(seconds(parts[4]) <= after);
}

TEST_CASE("dead outputs of every policy leave the other outputs' lines alone") {
  const temp_folder folder;
  auto dead = stream_sink::tcp({.reads = false, .receive_buffer = 16 * 1024});
  const auto refused = bound_tcp();
  relay_under_test relay(
      folder, {"good.log", "fifo:a.fifo,overflow=drop-oldest,queue=64K", "fifo:b.fifo,overflow=drop-newest,queue=64K",
               dead.endpoint() + ",queue=64K,stall-after=100ms", "exec:sleep 1000,overflow=drop-oldest,queue=64K",
               "tcp://127.0.0.1:" + std::to_string(port_of(refused)) + ",queue=64K,stall-after=100ms",
               "--drain-timeout=200ms"});
  constexpr std::uint64_t count = 100'000;
  relay.write(numbered_lines(0, count, line_bytes));
  REQUIRE(eventually([&] { return file_size(folder / "good.log") == count * line_bytes; }));
  REQUIRE(read_sequence(read_file(folder / "good.log"), line_bytes).is_whole(count));
  const auto balance = relay.finish(1);
  for (const auto& output : balance.outputs()) {
    INFO(output.name());
    REQUIRE(output.accepted() == count);
    REQUIRE(output.count("queue_peak_bytes") <= (output.name() == "good.log" ? 64 << 20 : (64 << 10) + 1024));
  }
}

TEST_CASE("a queue that is smaller than a line takes one at a time") {
  for (const std::string policy : {"block", "adaptive"}) {
    const temp_folder folder;
    relay_under_test relay(folder, {"fifo:out.fifo,queue=100,stall-after=10s,name=out,overflow=" + policy});
    const pipe_sink reader(folder / "out.fifo");
    const auto text = numbered_lines(0, 20, 5000);
    relay.write(text);
    const auto out = relay.finish().output("out");
    REQUIRE(out.delivered() == 20);
    REQUIRE(eventually([&] { return reader.bytes() == text.size(); }));
    REQUIRE(difference(reader.text(), text) == "");
  }
  for (const std::string policy : {"drop-oldest", "drop-newest"}) {
    INFO(policy);
    const temp_folder folder;
    relay_under_test relay(folder, {"fifo:out.fifo,queue=100,name=out,overflow=" + policy});
    relay.write(numbered_lines(0, 20, 5000));
    REQUIRE(eventually_accepted(relay, "out", 20));
    const pipe_sink reader(folder / "out.fifo");
    const auto out = relay.finish(1).output("out");
    const auto lines = read_sequence(all_of(reader), 5000);
    REQUIRE(lines.lines >= 1);
    REQUIRE(lines.accounts_for(20));
    REQUIRE(out.delivered() == lines.lines);
    if (policy == "drop-newest") REQUIRE(lines.first == 0);
  }
}

TEST_CASE("a queue stays within its bound") {
  for (const std::string policy : {"block", "adaptive", "drop-oldest", "drop-newest"}) {
    INFO(policy);
    const temp_folder folder;
    relay_under_test relay(folder, {"-i", "unix:a.sock", "-i", "unix:b.sock", "-i", "-",
                                    "fifo:out.fifo,queue=128K,stall-after=100ms,name=out,overflow=" + policy});
    std::vector<std::unique_ptr<pacer>> writers;
    for (int i = 0; i < 6; ++i)
      writers.push_back(std::make_unique<pacer>(
          connected_unix(folder / (i % 2 ? "a.sock" : "b.sock")),
          pacer::pace{.lines = 20'000, .lines_a_second = 0, .length = 50u + 100u * static_cast<unsigned>(i)}));
    // Block: until all are held; else until all are through.
    REQUIRE(eventually([&] {
      return std::all_of(writers.begin(), writers.end(), [&](const auto& each) {
        return policy == "block" ? each->waiting() > 100ms : each->finished();
      });
    }));
    REQUIRE(relay.now().output("out").count("queue_peak_bytes") <= 128 * 1024 + 1024);
    for (auto& each : writers) each->close();
    const pipe_sink reader(folder / "out.fifo");
    relay.close_input();
    const auto balance = relay.terminate(policy == "block" ? 0 : 1);
    REQUIRE(balance.output("out").count("queue_peak_bytes") <= 128 * 1024 + 1024);
    REQUIRE(balance.output("out").count("queue_peak_bytes") > 64 * 1024);
  }
}

TEST_CASE("an output takes the inputs that it names and others are in none of its counts") {
  const temp_folder folder;
  relay_under_test relay(folder,
                         {"-i", "unix:a.sock,name=a", "-i", "unix:b.sock,name=b", "-i", "-,name=c", "a.log,from=a",
                          "ab.log,from=a,from=b", "c.log,from=c", "all.log,format={input} {line}"});
  write_all(connected_unix(folder / "a.sock"), numbered_lines(0, 100));
  write_all(connected_unix(folder / "b.sock"), numbered_lines(100, 50));
  relay.write(numbered_lines(150, 7));
  REQUIRE(eventually([&] { return relay.now().lines_read() == 157; }));
  const auto balance = relay.terminate();
  const auto accepted = [&](const char* name) { return balance.output(name).accepted(); };
  REQUIRE(accepted("a.log") == 100);
  REQUIRE(accepted("ab.log") == 150);
  REQUIRE(accepted("c.log") == 7);
  REQUIRE(accepted("all.log") == 157);
  REQUIRE(read_file(folder / "a.log") == numbered_lines(0, 100));
  REQUIRE(sorted_lines(read_file(folder / "ab.log")) == split_lines(numbered_lines(0, 150)));
  REQUIRE(read_file(folder / "c.log") == numbered_lines(150, 7));
}

TEST_CASE("an output that is full does not hold inputs that it does not take") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "unix:a.sock,name=a", "-i", "unix:b.sock,name=b",
                                  "fifo:out.fifo,overflow=block,queue=64K,from=a,name=held", "b.log,from=b"});
  pacer held(connected_unix(folder / "a.sock"), {.lines = 50'000, .lines_a_second = 0, .length = line_bytes});
  REQUIRE(eventually([&] { return held.waiting() > 100ms; }));
  const auto text = numbered_lines(0, 20'000, line_bytes);
  write_all(connected_unix(folder / "b.sock"), text);
  REQUIRE(eventually([&] { return file_size(folder / "b.log") == text.size(); }));
  REQUIRE_FALSE(relay.now_in_full().at("inputs").at(1).at("paused_by").contains("held"));
  held.close();
  const auto taken = relay.now().input("a").count("lines");
  REQUIRE(taken < 50'000);
  const pipe_sink reader(folder / "out.fifo");
  const auto balance = relay.terminate();
  REQUIRE(balance.output("held").delivered() == balance.input("a").count("lines"));
  REQUIRE(difference(read_file(folder / "b.log"), text) == "");
}

TEST_CASE("levels come from priorities before the lines") {
  const temp_folder folder;
  relay_under_test relay(folder,
                         {"-i", "-,decode=prefix,default-level=notice", "all.log", "err.log,level=error",
                          "notice.log,level=notice", "debug.log,level=debug,format={level} {facility} {message}"});
  relay.write("<3>broken\n<7>detail\nplain\n<30>daemon, info\n<0>on fire\n<999>not a priority\n<4>odd\n");
  const auto balance = relay.finish();
  REQUIRE(read_file(folder / "err.log") == "<3>broken\n<0>on fire\n");
  REQUIRE(read_file(folder / "notice.log") == "<3>broken\nplain\n<0>on fire\n<999>not a priority\n<4>odd\n");
  REQUIRE(read_file(folder / "debug.log") ==
          "err - broken\ndebug - detail\nnotice - plain\ninfo daemon daemon, info\nemerg - on fire\nnotice - <999>not "
          "a priority\nwarning - odd\n");
  REQUIRE(balance.output("err.log").filtered() == 5);
  REQUIRE(balance.output("notice.log").filtered() == 2);
  REQUIRE(balance.output("all.log").delivered() == 7);
  REQUIRE(balance.output("all.log").filtered() == 0);
}

TEST_CASE("lines without priorities have the default level of their input") {
  const temp_folder folder;
  relay_under_test relay(
      folder, {"-i", "-,name=one,default-level=err", "-i", "unix:s.sock,name=two", "err.log,level=err", "all.log"});
  relay.write("<7>as it came\n");
  write_all(connected_unix(folder / "s.sock"), "<0>only text\n");
  REQUIRE(eventually([&] { return relay.now().lines_read() == 2; }));
  relay.terminate();
  REQUIRE(read_file(folder / "err.log") == "<7>as it came\n");
}

TEST_CASE("expressions select lines and leave them out") {
  const temp_folder folder;
  const auto text = real_lines(1 << 20);
  relay_under_test relay(folder, {"in.log,match=error,match=(?i)warn", "out.log,reject=error,reject=(?i)warn",
                                  "both.log,match=1,reject=7,name=both", "none.log,match=^never at all$,name=none"});
  relay.write(text);
  const auto balance = relay.finish();
  std::string in, out, both;
  const auto has = [](const std::string& line, const std::string& what) {
    return line.find(what) != std::string::npos;
  };
  for (const auto& line : split_lines(text)) {
    std::string lower = line;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    (has(line, "error") || has(lower, "warn") ? in : out) += line + "\n";
    if (has(line, "1") && !has(line, "7")) both += line + "\n";
  }
  REQUIRE_FALSE(both.empty());
  REQUIRE(difference(read_file(folder / "in.log"), in) == "");
  REQUIRE(difference(read_file(folder / "out.log"), out) == "");
  REQUIRE(difference(read_file(folder / "both.log"), both) == "");
  REQUIRE(file_size(folder / "none.log") == 0);
  const auto lines = count_newlines(text);
  REQUIRE(balance.output("none").filtered() == lines);
  REQUIRE(balance.output("both").filtered() == lines - count_newlines(both));
  for (const auto& output : balance.outputs()) REQUIRE(output.accepted() == lines);
}

TEST_CASE("colours are taken out before anything looks at a line") {
  const temp_folder folder;
  relay_under_test relay(folder, {"plain.log,strip-ansi=yes,match=^warning: odd$", "coloured.log"});
  const std::string line = "\x1b[1;33mwarn\x1b[0ming: \x1b]0;title\x07odd\x1b[K\n";
  relay.write(line);
  relay.finish();
  REQUIRE(read_file(folder / "plain.log") == "warning: odd\n");
  REQUIRE(read_file(folder / "coloured.log") == line);
}

TEST_CASE("what is left at the deadline is told of and the balance closes") {
  const temp_folder folder;
  relay_under_test relay(folder,
                         {"fifo:out.fifo,overflow=drop-oldest,queue=64K,name=out", "all.log", "--drain-timeout=300ms"});
  relay.write(numbered_lines(0, 10'000, line_bytes));
  REQUIRE(eventually_accepted(relay, "out", 10'000));
  const auto out = relay.finish(1).output("out");
  REQUIRE(out.pending() > 0);
  REQUIRE(out.dropped() > 0);
  REQUIRE(out.number("oldest_pending_seconds") > 0.2);
  REQUIRE_THAT(relay.errors(), Catch::Contains(" dropped, its queue was full, ") && Catch::Contains(" not delivered"));
}
