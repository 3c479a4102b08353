#include <logrelay/input/tail/file_account.hpp>

#include <logrelay/util/crc32c.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using positions = std::vector<file_position>;

/// A queue that holds each batch until it is told to settle it.
class holding_sink final : public batch_sink {
 public:
  void publish(batch&& lines) override {
    lines.owed->expect(1);
    held_.push_back(std::move(lines));
  }
  void settle_first() {
    held_.front().owed->settle(1);
    held_.erase(held_.begin());
  }

 private:
  std::vector<batch> held_;
};

file_position place(ino_t inode, std::uint64_t offset = 0) {
  file_position one;
  one.device = 1;
  one.inode = inode;
  one.offset = offset;
  one.path = "/a.log";
  return one;
}

struct accounted {
  explicit accounted(file_position at = place(7)) : account(std::make_unique<file_account>(std::move(at), "", sink, [] {})) {}
  /// Lines that end there are published.
  void reads_to(std::uint64_t end) {
    account->sink().publish({});
    account->seal(end);
  }
  [[nodiscard]] std::vector<std::uint64_t> offsets() const {
    positions all;
    account->append_positions(false, all);
    std::vector<std::uint64_t> found;
    for (const auto& each : all) found.push_back(each.offset);
    return found;
  }
  holding_sink sink;
  positions history;
  std::unique_ptr<file_account> account;
};

using offsets = std::vector<std::uint64_t>;

TEST_CASE("a file's position is behind the lines that are settled") {
  accounted it(place(7, 5));
  it.reads_to(10);
  it.reads_to(20);
  CHECK_FALSE(it.account->settle(it.history));
  CHECK(it.offsets() == offsets{5});
  it.sink.settle_first();
  CHECK(it.account->settle(it.history));
  CHECK(it.offsets() == offsets{10});
  CHECK_FALSE(it.account->is_settled());
  it.sink.settle_first();
  it.account->settle(it.history);
  CHECK(it.offsets() == offsets{20});
  CHECK(it.account->is_settled());
  CHECK(it.history == positions{});
}

TEST_CASE("what a file was before it was truncated is history once it is settled") {
  accounted it;
  it.account->add_to_head("first");
  it.reads_to(6);
  it.account->goes_on_in(1, 8);
  it.account->begin_past(place(7));
  it.reads_to(3);
  CHECK(it.account->has_been(1, 8));
  CHECK(it.offsets() == offsets{0, 0});
  REQUIRE(it.account->read_pasts().size() == 1);
  CHECK(it.account->read_pasts().front().offset == 6);
  CHECK(it.account->read_pasts().front().done);
  it.sink.settle_first();
  CHECK(it.account->settle(it.history));
  REQUIRE(it.history.size() == 1);
  CHECK(it.history.front().inode == 8);
  CHECK(it.history.front().offset == 6);
  CHECK(it.history.front().head_size == 5);
  CHECK(it.history.front().head_crc == crc32c("first"));
  CHECK(it.offsets() == offsets{0});
}

TEST_CASE("of a file's first bytes no more than a kilobyte is remembered") {
  accounted it;
  for (int i = 0; i < 3; ++i) it.account->add_to_head(std::string(600, 'x'));
  CHECK(it.account->head() == std::string(most_head_bytes, 'x'));
  CHECK(it.account->now_at(9).head_size == most_head_bytes);
  CHECK(it.account->now_at(9).offset == 9);
}

TEST_CASE("an account that is open stands for who goes on until it is settled") {
  accounted it(place(7, 5));
  it.reads_to(10);
  open_accounts open;
  open.add(std::move(it.account));
  positions now{place(6, 1), place(7, 50)};
  open.replace(now);
  CHECK(now == positions{place(7, 5), place(6, 1)});
  it.sink.settle_first();
  CHECK(open.settle());
  CHECK(open.empty());
  positions later{place(7, 50)};
  open.replace(later);
  CHECK(later == positions{place(7, 50)});
}

TEST_CASE("of several open accounts of a file the oldest says where it is settled") {
  accounted older(place(7, 5)), newer(place(7, 10)), settled(place(9));
  older.reads_to(10);
  newer.reads_to(20);
  open_accounts open;
  open.add(std::move(older.account));
  open.add(std::move(newer.account));
  open.add(std::move(settled.account));
  positions now{place(7, 50), place(9, 1)};
  open.replace(now);
  CHECK(now == positions{place(7, 5), place(9, 1)});
  older.sink.settle_first();
  open.settle();
  now = {place(7, 50)};
  open.replace(now);
  CHECK(now == positions{place(7, 10)});
}

}  // namespace
}  // namespace logrelay
