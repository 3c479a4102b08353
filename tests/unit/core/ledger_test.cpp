#include <catch2/catch.hpp>
#include <logrelay/core/ledger.hpp>

namespace logrelay {
namespace {

TEST_CASE("a ledger balances when every accepted line has one fate") {
  ledger account;
  CHECK(account.balances());
  account.accepted = {10, 100};
  CHECK_FALSE(account.balances());
  account.delivered = {4, 30};
  account.filtered = {1, 20};
  account.rejected = {1, 5};
  account.pending = {2, 15};
  account.dropped_by[0] = {1, 10};
  CHECK_FALSE(account.balances());
  account.dropped_by[1] = {1, 20};
  CHECK(account.dropped() == tally{2, 30});
  CHECK(account.balances());
  account.pending.bytes += 1;
  CHECK_FALSE(account.balances());
}

TEST_CASE("markers are in no sum") {
  ledger account;
  account.markers = {3, 300};
  CHECK(account.balances());
}

TEST_CASE("each reason to drop has a name") {
  CHECK(drop_reason_name(drop_reason::queue_full) == "queue full");
  CHECK(drop_reason_name(drop_reason::too_large) == "too large");
  CHECK(drop_reason_name(drop_reason::damaged) == "damaged on disk");
}

}  // namespace
}  // namespace logrelay
