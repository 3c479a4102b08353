// A relay that goes on as another: what is the same is not touched, and no line is lost or comes twice.
#include "relay_program.hpp"

#include <support/lines.hpp>
#include <support/pipe_sink.hpp>
#include <support/sink.hpp>
#include <support/sockets.hpp>
#include <support/stand_in.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <algorithm>
#include <thread>

namespace logrelay {
namespace {

using namespace support;
using names = std::vector<std::string>;

std::string endpoint(const fd& descriptor) { return "fd:" + std::to_string(descriptor.get()); }

names names_of(const std::vector<output_report>& outputs) {
  names all;
  for (const auto& each : outputs) all.push_back(each.name);
  return all;
}

/// Steps on, and lets time pass, `each` at a step, until the condition holds. An input that its outputs hold waits by a timer
/// of the system's, for which more than a millisecond a step is a moment in the future.
template <typename Condition>
bool in_time(program& relay, Condition condition, std::chrono::milliseconds each = std::chrono::milliseconds(5)) {
  return relay.until([&] {
    relay.clock.pass(each);
    return condition();
  });
}

std::uint16_t port_in(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

bool balances(program& relay) {
  const auto outputs = relay.it().report().outputs;
  return std::all_of(outputs.begin(), outputs.end(), [](const auto& each) { return each.account.balances(); });
}

TEST_CASE("a reload of what is the same touches neither queues nor connections") {
  const temp_folder folder;
  const pipe_ends in = make_pipe();
  stream_sink peer = stream_sink::tcp();
  const names inputs{endpoint(in.reading)}, outputs{folder / "file,format={line}", peer.endpoint(), "fifo:" + folder / "fifo"};
  program relay(inputs, outputs);
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 1; }));
  REQUIRE(relay.reloads(inputs, outputs));
  write_all(in.writing, "two\n");
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 2 && relay.out(0).account.delivered.lines == 2; }));
  REQUIRE(relay.until([&] { return peer.connections() > 0; }));  // its kernel takes lines before it has a connection
  CHECK(peer.connections() == 1);
  CHECK(relay.in().lines == 2);
  CHECK(relay.out(2).account.pending.lines == 2);
  CHECK(read_file(folder / "file") == "one\ntwo\n");
}

TEST_CASE("outputs that are added take lines from then on and those that are removed deliver theirs and go") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  program relay(inputs, {folder / "a", folder / "b"});
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.in().lines == 1; }));
  REQUIRE(relay.reloads(inputs, {folder / "c", folder / "b"}));
  CHECK(names_of(relay.it().report().outputs) == names{folder / "c", folder / "b"});
  CHECK(read_file(folder / "a") == "one\n");
  write_all(in.writing, "two\n");
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(read_file(folder / "a") == "one\n");
  CHECK(read_file(folder / "b") == "one\ntwo\n");
  CHECK(read_file(folder / "c") == "two\n");
  CHECK(relay.status() == 0);
  CHECK(balances(relay));
}

TEST_CASE("an output with other options keeps its queue and its counts") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  stream_sink peer = stream_sink::tcp({.listens = false});
  program relay(inputs, {peer.endpoint(), folder / "file"});
  relay.start();
  write_all(in.writing, numbered_lines(0, 1000));
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 1000; }));
  REQUIRE(relay.reloads(inputs, {peer.endpoint() + ",stall-after=3s,queue=1M", folder / "file,format=[{line}]"}));
  CHECK(relay.out(0).account.pending.lines == 1000);
  CHECK(relay.out(1).account.accepted.lines == 1000);
  write_all(in.writing, "last\n");
  peer.listen();
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(eventually([&] { return peer.text() == numbered_lines(0, 1000) + "last\n"; }));
  CHECK(difference(read_file(folder / "file"), numbered_lines(0, 1000) + "[last]\n") == "");
  CHECK(relay.out(1).account.accepted.lines == 1001);
  CHECK(relay.status() == 0);
}

TEST_CASE("a queue that is handed on goes by the new limits") {
  const temp_folder folder;
  const pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  const auto fifo = "fifo:" + folder / "fifo";
  program relay(inputs, {fifo + ",overflow=block,queue=16K"});
  relay.start();
  std::thread writer([&] { write_all(in.writing, numbered_lines(0, 10'000)); });
  REQUIRE(in_time(relay, [&] { return relay.in().paused_by.size() == 1; }));
  CHECK(relay.out().account.dropped().lines == 0);
  REQUIRE(relay.reloads(inputs, {fifo + ",overflow=drop-oldest,queue=16K"}));
  REQUIRE(in_time(relay, [&] { return relay.in().lines == 10'000; }));  // nobody holds it any more
  writer.join();
  CHECK(relay.out().account.accepted.lines == 10'000);
  CHECK(relay.out().account.dropped().lines > 8'000);
  CHECK(balances(relay));
}

TEST_CASE("a connection that does not move is given up for one with other options and nothing is lost") {
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  stream_sink peer = stream_sink::tcp({.reads = false, .receive_buffer = 4096, .connections = 1});
  program relay(inputs, {peer.endpoint() + ",overflow=block"});
  relay.start();
  std::thread writer([&] { write_all(in.writing, numbered_lines(0, 500'000)); });  // more than the kernel holds
  REQUIRE(in_time(relay, [&] { return relay.out().account.accepted.bytes > 8'000'000; }, std::chrono::milliseconds(1)));
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines > 0; }));  // else nobody would have to be given up
  relay.begin_reload(inputs, {peer.endpoint() + ",overflow=block,stall-after=1s"});
  CHECK(in_time(relay, [&] { return relay.it().settled(); }));  // when nothing has moved for a second
  writer.join();
  in.writing.reset();
  peer.start_reading();
  REQUIRE(in_time(relay, [&] { return relay.it().over(); }));
  REQUIRE(eventually([&] { return peer.texts().size() == 2 && peer.texts()[0].size() > 0 && peer.texts()[1].ends_with("0000499999 xxxxxxxx\n"); }));
  const auto again = read_sequence(peer.texts()[1]);
  INFO(to_string(again));
  CHECK(again.missing == again.first);  // none in between
  CHECK(again.misplaced + again.foreign == 0);
  // What its kernel took counts as delivered, and is all there; the rest has come by the second connection.
  CHECK(eventually([&] { return again.first <= read_sequence(peer.texts()[0]).last + 1; }));
  CHECK(relay.status() == 0);
  CHECK(balances(relay));
}

TEST_CASE("an output to a place that another still writes to waits for it with its lines") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  const auto fifo = "fifo:" + folder / "fifo";
  program relay(inputs, {fifo + ",name=old"});
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out().account.pending.lines == 1; }));
  relay.begin_reload(inputs, {fifo + ",name=new"});
  REQUIRE(relay.until([&] { return relay.it().report().outputs.size() == 2; }));
  CHECK(names_of(relay.it().report().outputs) == names{"new", "old"});
  write_all(in.writing, "two\n");
  REQUIRE(relay.until([&] { return relay.out(0).account.pending.lines == 1; }));
  CHECK_FALSE(relay.it().settled());
  const fd reader(::open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::string got;
  REQUIRE(relay.until([&] {
    char some[64];
    if (const auto n = ::read(reader.get(), some, sizeof some); n > 0) got.append(some, static_cast<std::size_t>(n));
    return got.size() == 8;
  }));
  CHECK(got == "one\ntwo\n");
  REQUIRE(relay.until([&] { return relay.it().settled(); }));
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(relay.status() == 0);
}

TEST_CASE("an output waits with its lines for the directory that one which goes still has") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  const stream_sink dead = stream_sink::tcp({.listens = false});
  stream_sink peer = stream_sink::tcp();
  using pair = std::pair<std::string, std::string>;
  const auto [before, after] = GENERATE(pair{"central,spool=", "central,spool="}, pair{"central,spool=", "other,spool="},
                                        pair{"central,spool=", "central,spill="}, pair{"central,spill=", "central,spool="});
  program relay(inputs, {dead.endpoint() + ",name=" + before + folder / "s"});
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out().account.pending.lines == 1; }));
  relay.begin_reload(inputs, {peer.endpoint() + ",name=" + after + folder / "s/"});
  REQUIRE(relay.until([&] { return relay.it().report().outputs.size() == 2; }));
  write_all(in.writing, "two\n");
  REQUIRE(relay.until([&] { return relay.out(0).account.pending.lines == 1; }));
  CHECK(relay.out(1).account.pending.lines == 1);
  CHECK_FALSE(relay.it().settled());
  REQUIRE(in_time(relay, [&] { return relay.it().settled(); }, std::chrono::milliseconds(20)));
  write_all(in.writing, "three\n");
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(eventually([&] { return peer.text() == "one\ntwo\nthree\n"; }));
  CHECK(relay.out().account.found.lines == 1);
  CHECK(relay.status() == 0);
  CHECK(balances(relay));
}

TEST_CASE("an output of another name at the same place waits for that and for its directory") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  stream_sink peer = stream_sink::tcp({.listens = false});
  const auto spooled = peer.endpoint() + ",spool=" + folder / "s";
  program relay(inputs, {spooled + ",name=old"});
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out().account.pending.lines == 1; }));
  relay.begin_reload(inputs, {spooled + ",name=new"});
  REQUIRE(relay.until([&] { return relay.it().report().outputs.size() == 2; }));
  write_all(in.writing, "two\n");
  REQUIRE(in_time(relay, [&] { return relay.it().settled(); }, std::chrono::milliseconds(20)));
  peer.listen();
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(eventually([&] { return peer.text() == "one\ntwo\n"; }));
  CHECK(relay.status() == 0);
}

TEST_CASE("outputs that one reload after the other gives the same directory have it in turn") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  const stream_sink dead = stream_sink::tcp({.listens = false}), as_dead = stream_sink::tcp({.listens = false});
  stream_sink peer = stream_sink::tcp();
  const auto rest = ",name=central,spool=" + folder / "s";
  const given_options patience{{"drain-timeout", "3s"}};  // the second is given up by it, were it to count while it waits
  program relay(inputs, {dead.endpoint() + rest}, patience);
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out().account.pending.lines == 1; }));
  relay.begin_reload(inputs, {as_dead.endpoint() + rest}, patience);
  REQUIRE(relay.until([&] { return relay.it().report().outputs.size() == 2; }));
  write_all(in.writing, "two\n");
  REQUIRE(relay.until([&] { return relay.out(0).account.pending.lines == 1; }));
  relay.begin_reload(inputs, {peer.endpoint() + rest}, patience);
  REQUIRE(relay.until([&] { return relay.it().report().outputs.size() == 3; }));
  write_all(in.writing, "three\n");
  REQUIRE(relay.until([&] { return relay.out(0).account.pending.lines == 1; }));
  relay.clock.pass(std::chrono::seconds(4));  // more than any of them may take
  REQUIRE(in_time(relay, [&] { return relay.it().settled(); }, std::chrono::milliseconds(50)));
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(eventually([&] { return peer.text() == "one\ntwo\nthree\n"; }));
  CHECK(relay.status() == 0);
}

TEST_CASE("an output that waits for a directory when there is no more time keeps its lines there") {
  const temp_folder folder;
  const pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  const stream_sink dead = stream_sink::tcp({.listens = false});
  stream_sink peer = stream_sink::tcp();
  const auto rest = ",name=central,stall-after=1m,spool=" + folder / "s";
  {
    program relay(inputs, {dead.endpoint() + rest});
    relay.start();
    write_all(in.writing, "one\n");
    REQUIRE(relay.until([&] { return relay.out().account.spooled.lines == 1; }));
    relay.begin_reload(inputs, {peer.endpoint() + rest});
    REQUIRE(relay.until([&] { return relay.it().report().outputs.size() == 2; }));
    write_all(in.writing, "two\n");
    REQUIRE(relay.until([&] { return relay.out(0).account.pending.lines == 1; }));
    relay.it().stop(stop_kind::terminate);
    REQUIRE(relay.until([&] { return relay.it().ending(); }));
    relay.it().stop_now();
    REQUIRE(relay.ends());
    CHECK(relay.out(0).account.spooled.lines == 2);
    CHECK(relay.status() == 0);
    CHECK(balances(relay));
  }
  program next({endpoint(in.reading)}, {peer.endpoint() + rest});
  next.start();
  CHECK(next.until([&] { return next.out().account.delivered.lines == 2; }));
  CHECK(eventually([&] { return peer.text() == "one\ntwo\n"; }));
}

TEST_CASE("a directory that is not to be had when it is free is tried again with the lines in memory") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  const stream_sink dead = stream_sink::tcp({.listens = false});
  stream_sink peer = stream_sink::tcp();
  const auto rest = ",name=central,spool=" + folder / "s";
  program relay(inputs, {dead.endpoint() + rest});
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out().account.spooled.lines == 1; }));
  relay.begin_reload(inputs, {peer.endpoint() + rest});
  REQUIRE(relay.until([&] { return relay.it().report().outputs.size() == 2; }));
  std::filesystem::rename(folder / "s", folder / "elsewhere");
  write_file(folder / "s", "");
  write_all(in.writing, "two\n");
  REQUIRE(in_time(relay, [&] { return relay.it().report().outputs.size() == 1; }, std::chrono::milliseconds(20)));
  relay.clock.pass(std::chrono::seconds(1));
  CHECK(relay.goes_on());
  CHECK_FALSE(relay.it().settled());
  CHECK(relay.out().account.pending.lines == 1);
  std::filesystem::remove(folder / "s");
  REQUIRE(in_time(relay, [&] { return relay.it().settled(); }));
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(eventually([&] { return peer.text() == "two\n"; }));
  CHECK(relay.status() == 0);
}

TEST_CASE("an output that a reload has to leave out makes the exit status 1") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  write_file(folder / "taken", "");
  program relay(inputs, {folder / "a"});
  relay.start();
  REQUIRE(relay.reloads(inputs, {folder / "a", folder / "b,spool=" + folder / "taken"}));
  CHECK(names_of(relay.it().report().outputs) == names{folder / "a"});
  REQUIRE(relay.reloads(inputs, {folder / "a"}));
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(relay.status() == 1);
}

TEST_CASE("a removed output that makes no progress for the drain timeout is given up and that is a loss") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  program relay(inputs, {"fifo:" + folder / "fifo", folder / "file"}, {{"drain-timeout", "10s"}});
  relay.start();
  write_all(in.writing, "one\n");
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 1; }));
  relay.begin_reload(inputs, {folder / "file"}, {{"drain-timeout", "10s"}});
  REQUIRE(relay.until([&] { return relay.out(0).name == folder / "file"; }));
  write_all(in.writing, "two\n");
  REQUIRE(relay.until([&] { return relay.out(0).account.delivered.lines == 2; }));
  CHECK(relay.out(1).account.pending.lines == 1);  // and takes no new ones
  relay.clock.pass(std::chrono::seconds(9));
  CHECK(relay.goes_on());
  CHECK_FALSE(relay.it().settled());
  relay.clock.pass(std::chrono::seconds(2));
  REQUIRE(in_time(relay, [&] { return relay.it().settled(); }));
  CHECK(relay.it().report().outputs.size() == 1);
  in.writing.reset();
  REQUIRE(relay.ends());
  CHECK(relay.status() == 1);
}

TEST_CASE("a removed output that held an input holds it no more") {
  const temp_folder folder;
  const pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading)};
  program relay(inputs, {"fifo:" + folder / "fifo,queue=16K", folder / "file"});
  relay.start();
  std::thread writer([&] { write_all(in.writing, numbered_lines(0, 20'000)); });
  REQUIRE(in_time(relay, [&] { return relay.in().paused_by.size() == 1; }));
  relay.begin_reload(inputs, {folder / "file"});
  REQUIRE(in_time(relay, [&] { return relay.out(0).account.delivered.lines == 20'000; }));
  writer.join();
  CHECK(read_sequence(read_file(folder / "file")).is_whole(20'000));
}

TEST_CASE("inputs that are removed read what is ready and those that are added are opened") {
  const temp_folder folder;
  const names outputs{folder / "out"};
  program relay({"unix:" + folder / "a", "unix:" + folder / "b"}, outputs);
  relay.start();
  const fd to_a = connected_unix(folder / "a"), to_b = connected_unix(folder / "b");
  write_all(to_b, "b\n");
  REQUIRE(relay.until([&] { return relay.in(1).lines == 1; }));
  write_all(to_a, "a\npart");
  REQUIRE(relay.reloads({"unix:" + folder / "b", "unix:" + folder / "c"}, outputs));
  REQUIRE(relay.until([&] { return relay.it().report().inputs.size() == 2; }));
  CHECK(names_in(folder.path()) == names{"b", "c", "out"});
  CHECK(relay.in(0).lines == 1);
  CHECK(relay.in(0).connections == 1);
  const fd to_c = connected_unix(folder / "c");
  write_all(to_b, "again\n");
  write_all(to_c, "c\n");
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 5; }));
  auto lines = split_lines(read_file(folder / "out"));
  std::sort(lines.begin(), lines.end());
  CHECK(lines == names{"a", "again", "b", "c", "part"});
}

TEST_CASE("an input with other options is opened anew at the same place") {
  const temp_folder folder;
  const names outputs{folder / "out"};
  program relay({"unix:" + folder / "socket"}, outputs);
  relay.start();
  const fd before = connected_unix(folder / "socket");
  write_all(before, "before\n");
  REQUIRE(relay.until([&] { return relay.in().lines == 1; }));  // else the next one takes it in
  REQUIRE(relay.reloads({"unix:" + folder / "socket,max-line=3"}, outputs));
  const fd after = connected_unix(folder / "socket");
  write_all(after, "abcdef\n");
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 3; }));
  CHECK(read_file(folder / "out") == "before\nabc\ndef\n");
}

TEST_CASE("an input with other options counts on from what the one before it has counted") {
  const temp_folder folder;
  const names outputs{folder / "out"};
  const std::string udp = "udp://127.0.0.1:0,name=u,rate=1";
  program relay({udp, "unix:" + folder / "other"}, outputs);
  relay.start();
  const auto send = [&](std::uint64_t in_all) {
    const fd peer = connected_udp(port_in(relay.in().listening.at(0)));
    for (int i = 0; i < 10; ++i) send_datagram(peer, "datagram");
    return relay.until([&] { return relay.in().lines + relay.in().limited == in_all; });
  };
  REQUIRE(relay.until([&] { return !relay.in().listening.empty(); }));
  REQUIRE(send(10));
  const auto before = relay.in();
  REQUIRE(before.limited > 0);
  REQUIRE(relay.reloads({udp + ",max-line=1K", "unix:" + folder / "other"}, outputs));
  CHECK(relay.it().report().inputs.size() == 2);
  CHECK(relay.in().lines == before.lines);
  CHECK(relay.in().bytes == before.bytes);
  CHECK(relay.in().limited == before.limited);
  REQUIRE(send(20));
  REQUIRE(relay.reloads({udp + ",max-line=2K", "unix:" + folder / "other"}, outputs));
  CHECK(relay.in().lines + relay.in().limited == 20);
  CHECK(relay.in().lines == relay.out().account.delivered.lines);
}

TEST_CASE("who connects or sends while a reload puts one input in the place of another is not refused") {
  const temp_folder folder;
  const auto stream = "unix:" + folder / "stream,name=s", datagrams = "unixgram:" + folder / "datagrams,name=d";
  const auto held = "unix:" + folder / "held,name=h";  // it keeps the reload waiting for as long as time stands still
  const std::string tcp = "tcp://127.0.0.1:0,name=t", udp = "udp://127.0.0.1:0,name=u";
  const auto inputs = [&](const std::string& with) {
    return names{stream + with, datagrams + with, tcp + with, udp + with, held + with};
  };
  const names outputs{folder / "out,from=s,from=d,from=t,from=u", "fifo:" + folder / "fifo,from=h,overflow=block,queue=16K"};
  program relay(inputs(""), outputs);
  relay.start();
  write_all(connected_unix(folder / "held"), numbered_lines(0, 5000));
  REQUIRE(in_time(relay, [&] { return relay.in(4).paused_by.size() == 1; }));
  const auto tcp_port = port_in(relay.in(2).listening.at(0)), udp_port = port_in(relay.in(3).listening.at(0));
  const fd to_datagrams = connected_unixgram(folder / "datagrams"), to_udp = connected_udp(udp_port);
  send_datagram(to_datagrams, "before");
  REQUIRE(relay.until([&] { return relay.in(1).lines == 1; }));

  relay.begin_reload(inputs(",max-line=1K"), outputs);
  REQUIRE(relay.until([&] { return relay.in(0).name == "h"; }));  // the others have ended
  for (int i = 0; i < 2; ++i) {  // what it was told by then, and what follows from that, is done
    relay.it().ask_reader();
    REQUIRE(relay.until([&] { return relay.it().reader_answered(); }));
  }
  send_datagram(to_datagrams, "datagram");
  send_datagram(connected_unixgram(folder / "datagrams"), "another");
  send_datagram(to_udp, "udp");
  write_all(connected_tcp(tcp_port), "tcp\n");
  write_all(connected_unix(folder / "stream"), "stream\n");
  write_all(connected_unix(folder / "held"), "held\n");
  relay.clock.pass(std::chrono::seconds(2));
  REQUIRE(relay.until([&] { return relay.it().settled() && relay.out().account.delivered.lines == 6; }));
  CHECK(names_in(folder.path()) == names{"datagrams", "fifo", "held", "out", "stream"});
  CHECK(port_in(relay.in(2).listening.at(0)) == tcp_port);
  const pipe_sink got(folder / "fifo");
  REQUIRE(in_time(relay, [&] { return relay.it().report().inputs.size() == 5 && relay.out(1).account.delivered.lines == 5001; },
                  std::chrono::milliseconds(1)));

  REQUIRE(relay.reloads({stream + ",max-line=1K"}, {folder / "out"}));  // nobody comes instead of the others
  CHECK(names_in(folder.path()) == names{"fifo", "out", "stream"});
  CHECK_THROWS(send_datagram(to_datagrams, "late"));
}

TEST_CASE("an input that a full queue holds leaves its socket to the next one and what waits there is read by that") {
  const std::string kind = GENERATE("udp", "unixgram", "unix");
  const temp_folder folder;
  const auto where = kind == "udp" ? std::string("udp://127.0.0.1:0,name=i") : kind + ":" + folder / "socket,name=i" + (kind == "unix" ? ",max-connections=1" : "");
  const names outputs{"fifo:" + folder / "fifo,overflow=block,queue=16K"};
  program relay({where}, outputs);
  relay.start();
  fd peer = kind == "udp" ? connected_udp(port_in(relay.in().listening.at(0)))
            : kind == "unix" ? connected_unix(folder / "socket")
                             : connected_unixgram(folder / "socket");
  std::thread writer([&] {
    if (kind == "unix") return write_all(peer, numbered_lines(0, 2000)), peer.reset();
    try {
      for (int i = 0; i < 2000; ++i) send_datagram(peer, "a datagram of some length");
    } catch (const std::exception&) {  // nobody receives any more
    }
  });
  CHECK(in_time(relay, [&] { return relay.in().paused_by.size() == 1; }));
  if (kind != "unixgram") writer.join();  // that one waits for us
  const fd waiting = kind == "unix" ? connected_unix(folder / "socket") : fd();  // for a place
  if (waiting) write_all(waiting, numbered_lines(0, 100));

  relay.begin_reload({where + ",max-line=1K"}, outputs);
  const bool stops = GENERATE(false, true);
  if (stops) {
    relay.it().stop(stop_kind::terminate);
  } else {
    relay.it().ask_reader();
    REQUIRE(relay.until([&] { return relay.it().reader_answered(); }));  // it has been told
    relay.clock.pass(std::chrono::seconds(2));
    CHECK(relay.until([&] { return relay.it().settled(); }));
    CHECK(relay.it().report().inputs.size() == 2);  // the next one, and that which is still held
  }
  const pipe_sink got(folder / "fifo");
  const std::uint64_t all = kind == "unix" ? 2100 : 2000;
  if (!stops) {
    CHECK(relay.until([&] { return relay.out().account.delivered.lines == all; }));
    relay.it().stop(stop_kind::terminate);
  }
  CHECK(relay.ends());
  if (writer.joinable())
    writer.join();
  else
    CHECK(relay.out().account.delivered.lines == all);
  CHECK(relay.it().losses() == names{});
  CHECK(relay.status() == 0);
}

TEST_CASE("an input that takes long to end hands on its counts then") {
  const temp_folder folder;
  const names outputs{"fifo:" + folder / "fifo,overflow=block,queue=16K"};
  program relay({"unix:" + folder / "a,name=u"}, outputs);
  relay.start();
  write_all(connected_unix(folder / "a"), numbered_lines(0, 5000));  // for which its kernel has room
  REQUIRE(in_time(relay, [&] { return relay.in().paused_by.size() == 1; }));
  relay.begin_reload({"unix:" + folder / "b,name=u"}, outputs);
  relay.clock.pass(std::chrono::seconds(2));
  REQUIRE(relay.until([&] { return relay.it().report().inputs.size() == 2; }));
  CHECK(relay.in(0).lines == 0);
  CHECK(relay.in(1).paused_seconds >= 2);
  const pipe_sink got(folder / "fifo");
  REQUIRE(in_time(relay, [&] { return relay.it().report().inputs.size() == 1; }, std::chrono::milliseconds(1)));
  CHECK(relay.in().lines == 5000);
  CHECK(relay.out().account.accepted.lines == 5000);
  CHECK(relay.in().paused_seconds >= 2);
  CHECK(relay.in().paused_by.size() == 1);
}

TEST_CASE("what did not get through an input that is removed is said since no report tells it any more") {
  const temp_folder folder;
  const names outputs{folder / "out"};
  const auto other = "unix:" + folder / "other";
  program relay({"udp://127.0.0.1:0,name=u,rate=1", other}, outputs);
  relay.start();
  REQUIRE(relay.until([&] { return !relay.in().listening.empty(); }));
  const fd peer = connected_udp(port_in(relay.in().listening.at(0)));
  for (int i = 0; i < 10; ++i) send_datagram(peer, "datagram");
  REQUIRE(relay.until([&] { return relay.in().lines + relay.in().limited == 10; }));
  const auto limited = relay.in().limited;
  {
    const fd file(::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const stand_in as_stderr(STDERR_FILENO, file);
    relay.say.set_least(severity::warning);
    REQUIRE(relay.reloads({other}, outputs));
    relay.say.set_least(severity::error);
  }
  CHECK(read_file(folder / "stderr") == "logrelay: warning: input 'u': is removed, and no more in the report: " +
                                            std::to_string(limited) + " datagrams were dropped by its rate\n");
  CHECK(relay.it().report().inputs.size() == 1);
}

TEST_CASE("an input that a reload cannot open is left out until the next and an output is tried again") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const fd taken = bound_tcp();
  const auto busy = "tcp://127.0.0.1:" + std::to_string(port_of(taken));
  listen_on(taken);
  write_file(folder / "folder", "");
  const names wanted{folder / "out", folder / "folder/file"};
  program relay({endpoint(in.reading)}, {folder / "out"});
  relay.start();
  REQUIRE(relay.reloads({endpoint(in.reading), busy}, wanted));
  CHECK(relay.it().report().inputs.size() == 1);
  write_all(in.writing, "line\n");
  REQUIRE(relay.until([&] { return relay.out(0).account.delivered.lines == 1 && relay.out(1).account.pending.lines == 1; }));
  std::filesystem::remove(folder / "folder");
  REQUIRE(relay.reloads({endpoint(in.reading), "unix:" + folder / "socket"}, wanted));
  CHECK(relay.it().report().inputs.size() == 2);
  write_all(connected_unix(folder / "socket"), "more\n");
  REQUIRE(relay.until([&] { return relay.out(1).account.delivered.lines == 2; }));
  CHECK(read_file(folder / "folder/file") == "line\nmore\n");
  CHECK(relay.status() == 0);
}

TEST_CASE("a relay whose only input could not be opened goes on and has it with the next reload") {
  const temp_folder folder;
  const fd taken = bound_tcp();
  listen_on(taken);
  program relay({"unix:" + folder / "a"}, {folder / "out"});
  relay.start();
  REQUIRE(relay.reloads({"tcp://127.0.0.1:" + std::to_string(port_of(taken))}, {folder / "out"}));
  CHECK(relay.goes_on());
  REQUIRE(relay.reloads({"unix:" + folder / "b"}, {folder / "out"}));
  write_all(connected_unix(folder / "b"), "line\n");
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 1; }));
  relay.it().stop(stop_kind::terminate);
  CHECK(relay.ends());
}

TEST_CASE("what was inherited goes on as it was and can be given up but not be added") {
  const temp_folder folder;
  const pipe_ends in = make_pipe();
  pipe_ends out = make_pipe(), other = make_pipe();
  program relay({endpoint(in.reading)}, {endpoint(out.writing)});
  relay.start();
  REQUIRE(relay.reloads({endpoint(in.reading) + ",max-line=3"}, {endpoint(out.writing) + ",format=[{line}]", endpoint(other.writing)}));
  CHECK(relay.it().report().outputs.size() == 1);
  write_all(in.writing, "abcdef\n");
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 1; }));
  REQUIRE(relay.reloads({endpoint(in.reading)}, {folder / "file"}));
  const pipe_sink got(std::move(out.reading));
  REQUIRE(eventually([&] { return got.ended(); }));
  CHECK(eventually([&] { return got.text() == "abcdef\n"; }));
}

TEST_CASE("from follows a reload without a change of the output") {
  const temp_folder folder;
  stream_sink peer = stream_sink::tcp();
  const names inputs{"unix:" + folder / "a,name=a", "unix:" + folder / "b,name=b"};
  program relay(inputs, {peer.endpoint() + ",from=a"});
  relay.start();
  const fd a = connected_unix(folder / "a"), b = connected_unix(folder / "b");
  write_all(a, "a1\n");
  write_all(b, "b1\n");
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 1 && relay.in(1).lines == 1; }));
  REQUIRE(relay.reloads(inputs, {peer.endpoint() + ",from=b"}));
  write_all(a, "a2\n");
  write_all(b, "b2\n");
  REQUIRE(relay.until([&] { return relay.out().account.delivered.lines == 2 && relay.in(0).lines == 2; }));
  CHECK(eventually([&] { return peer.text() == "a1\nb2\n"; }));  // its kernel has it before it does
  CHECK(peer.connections() == 1);
}

TEST_CASE("a TERM in the middle of a reload drains what there is") {
  const temp_folder folder;
  const pipe_ends in = make_pipe();
  program relay({endpoint(in.reading)}, {folder / "a", "fifo:" + folder / "fifo"});
  relay.start();
  write_all(in.writing, "line\n");
  REQUIRE(relay.until([&] { return relay.out(0).account.delivered.lines == 1; }));
  relay.begin_reload({endpoint(in.reading)}, {folder / "b", "fifo:" + folder / "fifo,queue=1M"});
  relay.it().stop(stop_kind::terminate);
  const fd reader(::open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  char some[16];
  CHECK(relay.until([&] {
    static_cast<void>(::read(reader.get(), some, sizeof some));
    return relay.it().over();
  }));
  CHECK(relay.status() == 0);
  CHECK(balances(relay));
}

TEST_CASE("a hundred reloads in a row under load lose and double nothing") {
  const temp_folder folder;
  pipe_ends in = make_pipe();
  const names inputs{endpoint(in.reading), "unix:" + folder / "socket"};
  const auto first = folder / "same", second = folder / "changes", third = folder / "comes and goes";
  program relay(inputs, {first, second + ",name=changes", third});
  relay.start();
  std::atomic<std::uint64_t> sent{0};
  std::atomic<bool> enough{false};
  std::thread writer([&] {
    while (!enough) {
      write_all(in.writing, numbered_lines(sent, 200));
      sent += 200;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // else there are gigabytes by the end
    }
  });
  for (int i = 0; i < 100; ++i) {
    names outputs{first, second + (i % 2 == 0 ? ",name=changes,queue=1M" : ",name=changes,strip-ansi=yes")};
    if (i % 3 != 0) outputs.push_back(third);
    names now = inputs;
    if (i % 4 == 1) now.pop_back();
    const auto before = relay.in(0).lines;
    if (!relay.reloads(now, outputs) || !relay.until([&] { return relay.in(0).lines > before + 2000; })) {
      FAIL_CHECK("reload " << i << " does not end");
      break;
    }
  }
  enough = true;
  writer.join();
  REQUIRE(relay.until([&] { return relay.in(0).lines == sent; }));
  relay.it().stop(stop_kind::terminate);
  REQUIRE(relay.ends());
  CHECK(relay.status() == 0);
  CHECK(balances(relay));
  for (const auto& each : {first, second}) {
    const auto whole = read_sequence(read_file(each));
    INFO(each << ": " << to_string(whole));
    CHECK(whole.is_whole(sent));
  }
  const auto parts = read_sequence(read_file(third));
  INFO(to_string(parts));
  CHECK(parts.misplaced + parts.foreign == 0);
  CHECK(relay.out(0).account.accepted.lines == sent);
  CHECK(relay.out(1).account.accepted.lines == sent);
}

}  // namespace
}  // namespace logrelay
