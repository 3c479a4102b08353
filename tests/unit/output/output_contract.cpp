#include "output_contract.hpp"

#include <catch2/catch.hpp>

namespace logrelay {

using namespace support;

namespace {

// Above what any peer's kernel takes in by itself.
constexpr std::uint64_t many = 500'000;

bool comes(output_peer& peer, const std::string& wanted) {
  return eventually([&] { return peer.text() == wanted; });
}

}  // namespace

void check_output_contract(const std::function<std::unique_ptr<output_peer>(bool hangs)>& make) {
  SECTION("every line is delivered once and in order, and the balance closes") {
    const auto peer = make(false);
    sending out(peer->endpoint());
    out.start();
    for (int i = 0; i < 20; ++i) out.push(numbered_lines(static_cast<std::uint64_t>(i) * 1000, 1000));
    CHECK(out.delivers());
    CHECK(comes(*peer, numbered_lines(0, 20'000)));
    CHECK(out.account().delivered == tally{20'000, 400'000});
    CHECK(out.account().balances());
    out.close();
    CHECK(out.ends());
  }
  SECTION("one line is delivered at once, and nothing is done where nothing is to do") {
    const auto peer = make(false);
    sending out(peer->endpoint());
    out.start();
    out.push("one\n");
    REQUIRE(out.delivers());
    CHECK(comes(*peer, "one\n"));
    CHECK(eventually([] { return cost_of_idling() < 20ms; }));
    out.push("two\n");
    CHECK(comes(*peer, "one\ntwo\n"));
  }
  SECTION("what was pushed before the end is flushed") {
    const auto peer = make(false);
    sending out(peer->endpoint());
    out.push(numbered_lines(0, 20'000));
    out.close();
    out.start();
    CHECK(out.ends());
    CHECK(comes(*peer, numbered_lines(0, 20'000)));
    CHECK(out.account().pending == tally{});
    CHECK(out.account().balances());
  }
  SECTION("without a line it ends as well") {
    const auto peer = make(false);
    sending out(peer->endpoint());
    out.start();
    out.close();
    CHECK(out.ends());
    CHECK(peer->text().empty());
  }
  SECTION("it ends when it is told to, however its peer hangs, and what is left stays pending") {
    const auto peer = make(true);
    if (!peer) return;
    sending out(peer->endpoint());
    out.start();
    out.push(numbered_lines(0, many));
    CHECK(eventually([&] { return out.account().pending.lines > 0; }));
    CHECK(eventually([] { return cost_of_idling() < 50ms; }));
    out.close();
    CHECK_FALSE(out.ends(20ms));
    out.abandon();
    CHECK(out.ends(1s));
    CHECK(out.account().pending.lines > 0);
    CHECK(out.account().balances());
  }
  SECTION("a peer that wakes up gets everything, once and in order") {
    const auto peer = make(true);
    if (!peer) return;
    sending out(peer->endpoint());
    out.start();
    out.push(numbered_lines(0, many));
    CHECK(eventually([&] { return out.account().pending.lines > 0; }));
    peer->wake_up();
    CHECK(out.delivers());
    out.close();
    CHECK(out.ends());
    CHECK(eventually([&] { return peer->text().size() == many * 20; }));
    CHECK(difference(peer->text(), numbered_lines(0, many)) == "");
    CHECK(out.account().balances());
  }
}

}  // namespace logrelay
