// The vocabulary of the other tests, tried on programs that everyone has.
#include <support/feeder.hpp>
#include <support/lines.hpp>
#include <support/pacer.hpp>
#include <support/pipe_sink.hpp>
#include <support/process.hpp>
#include <support/report.hpp>
#include <support/sink.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

using namespace logrelay::support;

TEST_CASE("a process gets its input, and all that it writes is collected") {
  process cat({"cat"}, {.input = stream::pipe()});
  const auto text = numbered_lines(0, 100000);
  cat.write(text);
  cat.close_input();
  REQUIRE(cat.status() == 0);
  REQUIRE(difference(cat.output(), text) == "");
  REQUIRE(cat.errors().empty());
}

TEST_CASE("a process ends with its code, or by a signal") {
  REQUIRE(run({"sh", "-c", "echo oops >&2; exit 3"}).status == 3);
  REQUIRE(run({"sh", "-c", "echo oops >&2; exit 3"}).errors == "oops\n");
  process sleeper({"sleep", "60"});
  REQUIRE(sleeper.running());
  REQUIRE(sleeper.resident_bytes() > 0);
  REQUIRE_FALSE(sleeper.wait(1ms));
  sleeper.send(SIGTERM);
  REQUIRE(sleeper.wait()->signal == SIGTERM);
}

TEST_CASE("a process has the descriptors that it was given, and no others") {
  const temp_folder folder;
  write_file(folder / "in", "from a file\n");
  auto pipe = make_pipe();
  const auto listed = run({"sh", "-c", "cat; echo three >&3; ls /proc/self/fd"},
                          {.input = stream::file(folder / "in"), .descriptors = {{3, pipe.writing.get()}}});
  // The last one is the folder that ls reads.
  REQUIRE(listed.output == "from a file\n0\n1\n2\n3\n4\n");
  pipe.writing.reset();
  const pipe_sink three(std::move(pipe.reading));
  REQUIRE(eventually([&] { return three.text() == "three\n" && three.ended(); }));
}

TEST_CASE("a sink takes what it is sent, hangs up when it should, and refuses until it listens") {
  auto sink = stream_sink::tcp({.listens = false});
  process writer({"sh", "-c", "sleep 60"});
  sink.listen();
  const auto socket = connected_tcp(sink.port());
  write_all(socket, "hello\n");
  REQUIRE(eventually([&] { return sink.text() == "hello\n"; }));
  sink.hang_up();
  char byte = 0;
  REQUIRE(::read(socket.get(), &byte, 1) == 0);
  const auto again = connected_tcp(sink.port());
  write_all(again, "again\n");
  REQUIRE(eventually([&] { return sink.texts() == std::vector<std::string>{"hello\n", "again\n"}; }));
}

TEST_CASE("a sink that is slow is slow") {
  auto sink = stream_sink::tcp({.bytes_a_second = 1'000'000});
  const auto start = std::chrono::steady_clock::now();
  const auto text = numbered_lines(0, 10000);
  write_all(connected_tcp(sink.port()), text);
  REQUIRE(eventually([&] { return sink.bytes() == text.size(); }));
  REQUIRE(std::chrono::steady_clock::now() - start >= 180ms);
  REQUIRE(difference(sink.text(), text) == "");
}

TEST_CASE("the port that a process took is found") {
  if (!has("socat")) return;
  const temp_folder folder;
  process socat({"socat", "-u", "TCP-LISTEN:0", "OPEN:" + folder / "out" + ",creat"});
  write_all(connected_tcp(socat.tcp_port()), "found\n");
  REQUIRE(socat.status() == 0);
  REQUIRE(read_file(folder / "out") == "found\n");
}

TEST_CASE("a pacer keeps its pace and times its writes") {
  auto pipe = make_pipe();
  const pipe_sink reader(std::move(pipe.reading));
  pacer writer(std::move(pipe.writing), {.lines = 1000, .lines_a_second = 5000, .length = 120});
  REQUIRE(writer.wait(patience));
  writer.close();
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(read_sequence(reader.text(), 120).is_whole(1000));
  REQUIRE(writer.writes().count == 1000);
  REQUIRE(writer.writes().median <= writer.writes().greatest);
}

TEST_CASE("a pacer whose reader stalls can be stopped") {
  auto pipe = make_pipe();
  pacer writer(std::move(pipe.writing), {.lines = 10000, .lines_a_second = 0, .length = 120});
  REQUIRE(eventually([&] { return writer.waiting() > 20ms; }));
  writer.stop();
  REQUIRE_FALSE(writer.finished());
}

TEST_CASE("a pacer whose reader keeps up can be stopped") {
  auto pipe = make_pipe();
  const pipe_sink reader(std::move(pipe.reading));
  pacer writer(std::move(pipe.writing), {.lines = 1'000'000, .lines_a_second = 1000, .length = 20});
  REQUIRE(eventually([&] { return reader.bytes() > 0; }));
  writer.close();
  REQUIRE_FALSE(writer.finished());
  REQUIRE(eventually([&] { return reader.ended(); }));
  REQUIRE(read_sequence(reader.text()).is_whole(writer.written_lines()));
}

TEST_CASE("a feeder writes each share in whole lines") {
  const auto text = numbered_lines(0, 1000);
  auto one = make_pipe();
  auto two = make_pipe();
  const pipe_sink first(std::move(one.reading));
  const pipe_sink second(std::move(two.reading));
  std::vector<logrelay::fd> into;
  into.push_back(std::move(one.writing));
  into.push_back(std::move(two.writing));
  feeder feeder(std::move(into), text, 100'010);
  feeder.finish();
  REQUIRE(eventually([&] { return first.ended() && second.ended(); }));
  REQUIRE(first.text().size() == feeder::share(text, 100'010, 2));
  REQUIRE(difference(first.text(), text + text + text.substr(0, 10'000)) == "");
  REQUIRE(difference(second.text(), first.text()) == "");
}

TEST_CASE("a sequence tells what was lost, doubled, torn and announced") {
  REQUIRE(read_sequence(numbered_lines(0, 10)).is_whole(10));
  REQUIRE(read_sequence(numbered_lines(0, 5) + numbered_lines(7, 3)).missing == 2);
  REQUIRE(read_sequence(numbered_lines(0, 5) + numbered_lines(4, 3)).misplaced == 1);
  REQUIRE(read_sequence(numbered_lines(0, 5) + "torn\n").foreign == 1);
  const auto marked =
      read_sequence(numbered_lines(0, 5) + "logrelay: dropped 2 lines (40 bytes): queue full\n" + numbered_lines(7, 3));
  REQUIRE(marked.accounts_for(10));
  REQUIRE_FALSE(marked.is_whole(10));
}

TEST_CASE("a report that does not balance is noticed") {
  const auto text = [](int delivered) {
    return R"({"version":"1","uptime_seconds":0.5,"exit_status":0,"inputs":[{"name":"stdin","lines":5}],"outputs":[{"name":"a",
      "accepted_lines":5,"delivered_lines":)" +
           std::to_string(delivered) +
           R"(,"filtered_lines":1,"dropped_lines":0,"rejected_lines":0,"pending_lines":0,
      "accepted_bytes":5,"delivered_bytes":5,"filtered_bytes":0,"dropped_bytes":0,"rejected_bytes":0,"pending_bytes":0}]})";
  };
  REQUIRE_NOTHROW(check_balance(report(text(4))));
  REQUIRE_THROWS_WITH(check_balance(report(text(3))), Catch::Contains("output 'a' accepted 5 lines, but delivered 3"));
  REQUIRE(report(text(4)).lines_read() == 5);
}
