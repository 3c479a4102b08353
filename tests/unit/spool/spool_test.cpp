#include <catch2/catch.hpp>
#include <logrelay/error.hpp>
#include <logrelay/spool/spool.hpp>
#include <logrelay/util/crc32c.hpp>
#include <support/simulated_disk.hpp>
#include <support/spooled_lines.hpp>

#include <optional>

namespace logrelay {
namespace {

using namespace support;

constexpr spool_limits small{.most_bytes = 64 * 1024, .segment_bytes = 1024};

std::shared_ptr<const source> some_source() {
  auto from = std::make_shared<source>();
  from->input_name = "in";
  from->peer = "192.0.2.1:514";
  from->decode = decoding::prefix;
  from->default_level = level::err;
  from->app = "sshd";
  from->local = true;
  from->pid = 4711;
  return from;
}

// A spool on a simulated disk, opened anew as often as one likes.
struct spool_on {
  explicit spool_on(simulated_disk& on, spool_limits with = small) : folder(on), limits(with) { open(); }

  void open() { it.emplace(folder, limits, pool, [this](std::string text) { said.push_back(std::move(text)); }).open(); }

  bool append(std::uint64_t count) {
    const batch lines = numbered_batch(pool, next, count, from);
    const auto done = it->append({&lines, 1});
    next += done.count.lines;
    return done.count.lines == count;
  }

  // What is read until there is no more; "12" for a line, "-3" for a hole of three.
  std::vector<std::int64_t> read() {
    std::vector<std::int64_t> got;
    for (;;) {
      auto one = it->read();
      if (one.what == spool::found::nothing || one.what == spool::found::failed) return got;
      if (one.what == spool::found::hole) {
        got.push_back(-static_cast<std::int64_t>(one.lost.lines));
        lost += one.lost;
        continue;
      }
      line_cursor lines(one.lines.bytes(), one.lines.frames);
      for (std::string_view line; lines.next(line);) {
        const auto number = number_of(line);
        REQUIRE(number);
        got.push_back(static_cast<std::int64_t>(*number));
      }
    }
  }

  spool_place place(std::uint64_t line) {
    spool_place at;
    for (std::uint64_t i = 0; i < line; ++i) at += {1, line_at(i).size()};
    return at;
  }

  simulated_disk& folder;
  const spool_limits limits;
  block_pool pool;
  std::shared_ptr<const source> from = some_source();
  std::vector<std::string> said;
  std::uint64_t next = 0;
  tally lost;
  std::optional<spool> it;
};

std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> all;
  for (; first <= last; ++first) all.push_back(first);
  return all;
}

TEST_CASE("a spool gives back what it was given with its source and time and over several segments") {
  simulated_disk disk;
  spool_on a(disk);
  for (int i = 0; i < 20; ++i) REQUIRE(a.append(10));
  CHECK(a.it->segments().size() > 5);
  CHECK(a.read() == from_to(0, 199));
  CHECK(a.read().empty());
  REQUIRE(a.append(3));
  CHECK(a.read() == from_to(200, 202));

  spool_on b(disk);
  CHECK(b.it->end() == b.place(203));
  const auto first = b.it->read();
  CHECK(first.lines.from->input_name == "in");
  CHECK(first.lines.from->peer == "192.0.2.1:514");
  CHECK(first.lines.from->decode == decoding::prefix);
  CHECK(first.lines.from->default_level == level::err);
  CHECK(first.lines.from->app == "sshd");
  CHECK(first.lines.from->local);
  CHECK(first.lines.from->pid == 4711);
  CHECK(first.lines.from->uid == -1);
  CHECK(first.lines.time == wall_time(std::chrono::seconds(1'795'356'301)));
}

TEST_CASE("what is settled is not read again and its segments go") {
  simulated_disk disk;
  spool_on a(disk);
  for (int i = 0; i < 20; ++i) REQUIRE(a.append(10));
  const auto before = a.it->segments().size();
  a.read();
  REQUIRE(a.it->settle(a.place(123), true) == 0);
  CHECK(a.it->segments().size() < before);
  REQUIRE(a.it->write_cursor(true) == 0);
  spool_on b(disk);
  CHECK(b.it->settled() == b.place(123));
  CHECK(b.read() == from_to(123, 199));
  REQUIRE(b.it->settle(b.place(200), true) == 0);
  REQUIRE(b.it->close(true) == 0);
  CHECK(disk.image().empty());
}

TEST_CASE("lines that are passed over are not read and what comes behind them is") {
  simulated_disk disk;
  spool_on a(disk);
  REQUIRE(a.append(40));
  a.it->pass_over();
  CHECK_FALSE(a.it->unread());
  REQUIRE(a.append(40));
  CHECK(a.it->unread());
  CHECK(a.read() == from_to(40, 79));
}

TEST_CASE("a spool is full at its limit and takes lines again when some are settled") {
  simulated_disk disk;
  spool_on a(disk, {.most_bytes = 8 * 1024, .segment_bytes = 1024});
  while (a.append(7)) CHECK(a.it->bytes() <= 8 * 1024);
  CHECK(disk.bytes() <= 8 * 1024);
  CHECK(disk.bytes() > 7 * 1024);
  const auto lines = static_cast<std::int64_t>(a.next);
  CHECK(a.read() == from_to(0, lines - 1));
  REQUIRE(a.it->settle(a.place(a.next / 2), true) == 0);
  REQUIRE(a.append(7));
  CHECK(a.read() == from_to(lines, lines + 6));
}

TEST_CASE("a line that is larger than a segment has one of its own and one that is larger than the spool is too large") {
  simulated_disk disk;
  spool_on a(disk, {.most_bytes = 8 * 1024, .segment_bytes = 1024});
  const auto large = batch_of(a.pool, line_of(5000), a.from);
  CHECK(a.it->append({&large, 1}).bytes == 5001);
  CHECK(a.it->read().lines.bytes() == large.bytes());
  const std::vector<batch> some{batch_of(a.pool, "small\n", a.from), batch_of(a.pool, line_of(9000), a.from)};
  const auto done = a.it->append(some);
  CHECK(done.why == spool::appended::stopped::too_large);
  CHECK(done.bytes == 6);
}

TEST_CASE("a notice keeps its place and counts for no line") {
  simulated_disk disk;
  spool_on a(disk);
  REQUIRE(a.append(2));
  auto notice = batch_of(a.pool, "lost some\n", a.from);
  notice.marker = true;
  notice.count = {};
  CHECK(a.it->append({&notice, 1}).bytes == notice.size);
  REQUIRE(a.append(2));
  CHECK(a.it->end() == a.place(4));
  spool_on b(disk);
  CHECK(b.it->read().lines.count.lines == 2);
  const auto second = b.it->read();
  CHECK(second.lines.marker);
  CHECK(second.lines.bytes() == "lost some\n");
  CHECK(b.it->read().lines.count.lines == 2);
}

TEST_CASE("an append that fails leaves nothing and the next one goes where it should have gone") {
  simulated_disk disk;
  spool_on a(disk);
  REQUIRE(a.append(3));
  disk.fault = [](simulated_disk::kind what, std::size_t) { return what == simulated_disk::kind::write ? ENOSPC : 0; };
  CHECK_FALSE(a.append(3));
  CHECK(a.next == 3);
  disk.fault = nullptr;
  REQUIRE(a.append(5));
  CHECK(a.read() == from_to(0, 7));
  CHECK(spool_on(disk).read() == from_to(0, 7));
}

TEST_CASE("a segment whose first lines are not written does not stay") {
  simulated_disk disk;
  spool_on a(disk);
  const bool has_others = GENERATE(false, true);
  if (has_others) {
    const batch large = batch_of(a.pool, line_at(0, 2) + line_of(1100), a.from);
    REQUIRE(a.it->append({&large, 1}).bytes == large.size);
    a.next = 2;
  }
  const auto before = a.it->segments().size();
  using kind = simulated_disk::kind;
  disk.fault = [](kind what, std::size_t bytes) { return what == kind::write && bytes > 100 ? ENOSPC : 0; };
  CHECK_FALSE(a.append(3));
  CHECK(a.it->segments().size() == before);
  CHECK(disk.image().size() == before + 1);  // with the cursor
  disk.fault = nullptr;
  a.it->pass_over();
  REQUIRE(a.append(5));
  const auto first = static_cast<std::int64_t>(a.next) - 5;
  CHECK(a.read() == from_to(first, first + 4));
}

TEST_CASE("after a sync that failed the same lines are appended again and come once") {
  simulated_disk disk;
  spool_on a(disk);
  REQUIRE(a.append(5));
  REQUIRE(a.it->sync() == 0);
  a.it->pass_over();
  const auto lines = GENERATE(3u, 60u);
  disk.fault = [](simulated_disk::kind what, std::size_t) { return what == simulated_disk::kind::sync ? EIO : 0; };
  REQUIRE(a.append(lines));
  REQUIRE(a.it->sync() == EIO);
  a.it->undo();
  a.next = 5;
  disk.fault = nullptr;
  REQUIRE(a.append(lines));
  REQUIRE(a.it->sync() == 0);
  CHECK(a.read() == from_to(5, 4 + lines));
  CHECK(spool_on(disk).read() == from_to(0, 4 + lines));
}

TEST_CASE("a segment of another version is left alone and nothing starts") {
  simulated_disk disk;
  {
    spool_on a(disk);
    a.append(3);
  }
  auto image = disk.image();
  auto& bytes = image.at("00000000000000000000.segment");
  for (const std::size_t at : {0u, 48u}) {
    bytes[at + 8] = 2;
    const auto sum = crc32c(std::string_view(bytes).substr(at, 44));
    for (std::size_t i = 0; i < 4; ++i) bytes[at + 44 + i] = static_cast<char>(sum >> (8 * i));
  }
  simulated_disk other(image);
  CHECK_THROWS_WITH(spool_on(other), Catch::Contains("version 2"));
  CHECK(other.image() == image);
}

// ---- damage

struct damaged_spool {
  damaged_spool() {
    spool_on a(disk, limits);
    for (int i = 0; i < 12; ++i) REQUIRE(a.append(2));
    end = a.it->end();
    a.it->close(true);
    image = disk.image();
    REQUIRE(image.size() >= 4);
  }
  const spool_limits limits{.most_bytes = 64 * 1024, .segment_bytes = 700};
  simulated_disk disk;
  folder_image image;
  spool_place end;

  // What is read of a damaged image: every line that comes is one of ours, in order, and what is missing is counted.
  void look(const folder_image& left, std::uint64_t most_lost, bool counts_all) {
    simulated_disk other(left);
    spool_on b(other, limits);
    std::int64_t before = -1;
    std::uint64_t lines = 0;
    for (const auto number : b.read()) {
      if (number < 0) continue;
      REQUIRE(number > before);
      before = number;
      ++lines;
    }
    REQUIRE(24 - lines <= most_lost);
    if (counts_all) REQUIRE(b.lost.lines == 24 - lines);
    // It goes on, and comes to an end.
    b.next = b.it->end().lines;
    const auto next = static_cast<std::int64_t>(b.next);
    REQUIRE(b.append(4));
    REQUIRE(b.read() == from_to(next, next + 3));
    REQUIRE(b.it->settle(b.it->end(), true) == 0);
    REQUIRE(b.it->close(true) == 0);
    for (const auto& [name, bytes] : other.image()) REQUIRE(name.ends_with(".bad"));
  }
};

TEST_CASE("a byte that is wrong costs the record that it is in and no other") {
  damaged_spool it;
  for (const auto& [name, bytes] : it.image)
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (const int flip : {1, 0x80, 0xff}) {
        INFO(name << " at " << at);
        auto left = it.image;
        left[name][at] = static_cast<char>(left[name][at] ^ flip);
        it.look(left, name == "cursor" ? 0 : 2, true);
      }
}

TEST_CASE("a segment that is cut costs what was behind the cut") {
  damaged_spool it;
  const auto last = std::prev(it.image.end(), 2)->first;
  for (const auto& [name, bytes] : it.image)
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      INFO(name << " cut at " << size);
      auto left = it.image;
      left[name].resize(size);
      // Behind the last segment there is nothing that would tell how many there were.
      it.look(left, name == "cursor" ? 0 : 10, name != last);
    }
}

TEST_CASE("a segment that is missing is counted and a copy and a stranger are left out") {
  damaged_spool it;
  std::vector<std::string> names;
  for (const auto& [name, bytes] : it.image)
    if (name != "cursor") names.push_back(name);
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    auto left = it.image;
    left.erase(names[i]);
    it.look(left, 10, true);
  }
  auto left = it.image;
  left["00000000000000000017.segment"] = left[names[0]];
  left["00000000000000000099.segment"] = std::string(500, 'x');
  left["99000000000000000099.segment"] = std::string(500, 'x');
  left["core"] = "dumped";
  simulated_disk other(left);
  spool_on b(other, it.limits);
  CHECK(b.read() == from_to(0, 23));
  CHECK(other.image().contains("core"));
  CHECK(other.image().contains("99000000000000000099.segment"));
  CHECK(b.said.size() == 2);
}

TEST_CASE("a damaged segment is kept as bad and of those only the newest stay") {
  simulated_disk disk;
  spool_on a(disk);
  for (int i = 0; i < 60; ++i) REQUIRE(a.append(10));
  REQUIRE(a.it->close(true) == 0);
  auto image = disk.image();
  for (auto& [name, bytes] : image)
    if (name != "cursor") bytes[170] = static_cast<char>(bytes[170] ^ 1);
  simulated_disk other(image);
  spool_on b(other);
  b.read();
  CHECK(b.lost.lines > 0);
  REQUIRE(b.it->settle(b.it->end(), true) == 0);
  REQUIRE(b.it->close(true) == 0);
  CHECK(other.image().size() == segment_list::most_bad);
  CHECK(b.said.size() > segment_list::most_bad);
  CHECK_THAT(b.said.front(), Catch::Contains("00000000000000000000.segment is damaged, and kept as 00000000000000000000.bad"));
}

TEST_CASE("a line that looks like a record is only a line") {
  simulated_disk disk;
  std::string forged;
  {
    spool_on a(disk);
    a.append(1);
    forged = disk.image().at("00000000000000000000.segment").substr(96);
  }
  simulated_disk fresh;
  spool_on a(fresh);
  std::string line = forged;
  for (auto& byte : line)
    if (byte == '\n') byte = ' ';
  const auto lines = batch_of(a.pool, line + "\n" + line + "\n", a.from);
  REQUIRE(a.it->append({&lines, 1}).bytes == lines.size);
  a.next = 2;
  REQUIRE(a.append(1));
  auto image = fresh.image();
  image.at("00000000000000000000.segment")[100] ^= 1;  // its head: now the reader has to look for the next
  simulated_disk other(image);
  spool_on b(other);
  CHECK(b.read() == std::vector<std::int64_t>{-2, 2});
}

}  // namespace
}  // namespace logrelay
