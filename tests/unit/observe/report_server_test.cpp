#include <logrelay/observe/report_client.hpp>
#include <logrelay/observe/report_server.hpp>
#include <logrelay/util/guarded.hpp>

#include <support/eventually.hpp>
#include <support/report.hpp>
#include <support/sockets.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <atomic>

namespace logrelay {
namespace {

using namespace support;

/// A server on a unix socket, and whoever owns the relay: it answers at once, unless it is told to keep silent.
struct served {
  explicit served(report_server_limits limits = {}) {
    fd listening = bound_unix(path);
    listen_on(listening);
    std::vector<fd> all;
    all.push_back(std::move(listening));
    server = std::make_unique<report_server>(std::move(all), "1.2.3", [this] { answer(); }, limits);
    ready.store(true);
  }

  void answer() {
    ++asked;
    while (!ready.load()) {}
    if (!silent.load()) server->answer(current.with([](const relay_report& now) { return now; }));
  }
  fetched get(const std::string& page) { return fetch({.what = metrics_address::kind::unix_socket, .path = path}, page, patience); }
  /// What it says to `request`, until it hangs up.
  std::string said_to(std::string_view request) {
    const auto with = connected_unix(path);
    write_all(with, request);
    return until_the_end(with);
  }
  static std::string until_the_end(const fd& with) {
    std::string text;
    char part[4096];
    for (ssize_t n = 0; (n = ::recv(with.get(), part, sizeof part, 0)) > 0;) text.append(part, static_cast<std::size_t>(n));
    return text;
  }

  temp_folder folder;
  std::string path = folder / "s";
  guarded<relay_report> current;
  std::atomic<bool> ready{false}, silent{false};
  std::atomic<int> asked{0};
  std::unique_ptr<report_server> server;
};

output_report output_in(output_state state) {
  output_report one;
  one.name = "archive";
  one.state = state;
  one.stalled_seconds = 3;
  one.account.pending = {2, 20};
  one.last_error = "Connection refused";
  return one;
}

TEST_CASE("the report server has a page for each who asks") {
  served it;
  CHECK(report(it.get("/report").body).version() == "1.2.3");
  CHECK_THAT(it.get("/metrics").body, Catch::StartsWith("# HELP logrelay_build_info"));
  CHECK(it.get("/healthz").body == "ok\n");
  CHECK_THAT(it.get("/").body, Catch::Contains("/metrics"));
  CHECK(it.get("/report?pretty=1").error == "");
  CHECK(it.get("/other").error == "it answers 404 Not Found");
}

TEST_CASE("health is 503 with the reasons when an output is stalled or drops") {
  served it;
  const auto state = GENERATE(output_state::stalled, output_state::dropping);
  it.current.with([&](relay_report& now) { now.outputs = {output_in(state)}; });
  const auto said = it.said_to("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_THAT(said, Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("archive") && Catch::Contains("Connection refused"));
}

TEST_CASE("a reason is one line, whatever a peer said in it") {
  served it;
  it.current.with([&](relay_report& now) {
    now.outputs = {output_in(output_state::stalled)};
    now.outputs.back().last_error = "no\x1b[2J\nall is well";
  });
  CHECK_THAT(it.said_to("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), Catch::Contains("last error: no\\x1b[2J\\nall is well\n"));
}

TEST_CASE("health is 503 when an input has failed") {
  served it;
  it.current.with([](relay_report& now) {
    now.inputs.emplace_back();
    now.inputs.back().failed = true;
  });
  CHECK(it.get("/healthz").error == "it answers 503 Service Unavailable");
}

TEST_CASE("HEAD has the headers alone, and what is neither it nor GET is refused") {
  served it;
  const auto head = it.said_to("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_THAT(head, Catch::StartsWith("HTTP/1.1 200 ") && Catch::EndsWith("\r\n\r\n"));
  CHECK_THAT(head, Catch::Contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  const auto posted = it.said_to("POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  CHECK_THAT(posted, Catch::StartsWith("HTTP/1.1 405 ") && Catch::Contains("Allow: GET, HEAD\r\n"));
}

TEST_CASE("what is no request is refused, and one that is too long") {
  served it({.request_bytes = 512});
  CHECK_THAT(it.said_to("hello\r\n\r\n"), Catch::StartsWith("HTTP/1.1 400 "));
  CHECK_THAT(it.said_to("GET / HTTP/1.1\r\nHost: " + std::string(1000, 'x') + "\r\n\r\n"), Catch::StartsWith("HTTP/1.1 431 "));
  CHECK(it.get("/healthz").body == "ok\n");
}

TEST_CASE("who says nothing is hung up on") {
  served it({.whole = 50ms});
  const auto idle = connected_unix(it.path);
  CHECK(served::until_the_end(idle) == "");
  const auto half = connected_unix(it.path);
  write_all(half, "GET /rep");
  CHECK(served::until_the_end(half) == "");
}

TEST_CASE("who comes when all places are taken waits until one is free") {
  served it({.connections = 1});
  fd first = connected_unix(it.path);
  write_all(first, "GET /metr");
  const auto second = connected_unix(it.path);
  write_all(second, "GET /healthz HTTP/1.0\r\n\r\n");
  first.reset();
  CHECK_THAT(served::until_the_end(second), Catch::EndsWith("ok\n"));
}

TEST_CASE("without a report in time the answer is 503, and the next one is whole again") {
  served it({.report = 50ms});
  it.silent.store(true);
  CHECK(it.get("/report").error == "it answers 503 Service Unavailable");
  it.silent.store(false);
  it.server->answer({});  // late
  CHECK(eventually([&] { return it.get("/report").error.empty(); }));
}

TEST_CASE("many who ask at once share a report") {
  served it({.between = 1h});
  CHECK(it.get("/healthz").error == "");  // the next report is an hour away
  std::vector<fd> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(connected_unix(it.path));
    write_all(waiting.back(), "GET /healthz HTTP/1.0\r\n\r\n");
  }
  CHECK(it.get("/").error == "");  // which comes behind them, and needs no report
  CHECK(it.asked.load() == 1);
}

TEST_CASE("a report server ends at once, whoever it serves") {
  auto it = std::make_unique<served>();
  it->silent.store(true);
  const auto asking = connected_unix(it->path), idle = connected_unix(it->path);
  write_all(asking, "GET /report HTTP/1.0\r\n\r\n");
  REQUIRE(eventually([&] { return it->asked.load() == 1; }));
  it.reset();
  CHECK(served::until_the_end(asking) == "");
}

}  // namespace
}  // namespace logrelay
