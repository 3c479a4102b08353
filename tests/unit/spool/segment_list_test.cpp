#include <catch2/catch.hpp>
#include <logrelay/spool/spool.hpp>
#include <support/simulated_disk.hpp>
#include <support/spooled_lines.hpp>

namespace logrelay {
namespace {

using namespace support;

// A folder with segments of four lines each.
struct segments_on_disk {
  segments_on_disk() {
    spool made(disk, {.most_bytes = 64 * 1024, .segment_bytes = 500}, pool, [](const std::string&) {});
    made.open();
    for (std::uint64_t line = 0; line < 40; line += 4) {
      const auto lines = numbered_batch(pool, line, 4, from);
      REQUIRE(made.append({&lines, 1}).bytes == lines.size);
    }
    end = made.end();
  }
  segment_list list(spool_access how = spool_access::exclusive) {
    return {disk, pool, [this](const std::string& what) { said.push_back(what); }, how};
  }

  simulated_disk disk;
  block_pool pool;
  std::shared_ptr<const source> from = std::make_shared<source>();
  std::vector<std::string> said;
  spool_place end;
};

TEST_CASE("segments are found in order with their ends, and the last one's is looked for") {
  segments_on_disk it;
  auto list = it.list();
  list.find();
  REQUIRE(list.all().size() > 3);
  std::uint64_t bytes = 0;
  spool_place before;
  for (const auto& each : list.all()) {
    CHECK(each.head.begin == before);
    CHECK(each.sealed == (&each != &list.last()));
    before = each.end;
    bytes += each.bytes;
  }
  CHECK(before == it.end);
  CHECK(list.bytes() == bytes);
  CHECK(list.from(1) == list.from(list.all()[1].number));
  CHECK(list.from(40) == nullptr);
}

TEST_CASE("a segment that is removed is gone and one that is damaged is set aside") {
  segments_on_disk it;
  auto list = it.list();
  list.find();
  const auto before = list.bytes();
  const auto first = segment_name(list.first().number), second = segment_name(list.all()[1].number);
  const auto both = list.all()[0].bytes + list.all()[1].bytes;
  REQUIRE(list.remove_first() == 0);
  list.from(0)->damaged = true;
  REQUIRE(list.remove_first() == 0);
  CHECK(list.bytes() == before - both);
  CHECK_FALSE(it.disk.image().contains(first));
  CHECK_FALSE(it.disk.image().contains(second));
  CHECK(it.disk.image().contains(second.substr(0, second.rfind('.')) + ".bad"));
  CHECK(it.said.size() == 1);
}

TEST_CASE("who only looks changes nothing whatever is there") {
  segments_on_disk it;
  auto image = it.disk.image();
  image["00000000000000000099.segment"] = "LRSP";
  image["00000000000000000199.segment"] = std::string(500, 'x');
  it.disk = simulated_disk(image);
  auto list = it.list(spool_access::look);
  list.find();
  CHECK(it.disk.image() == image);
}

TEST_CASE("a reader goes through all segments and needs only those before it no more") {
  segments_on_disk it;
  auto list = it.list();
  list.find();
  spool_reader reader(it.disk, list, it.pool);
  const auto first = list.first().number, last = list.last().number;
  reader.begin({}, it.end);
  CHECK(reader.needs(first));
  std::uint64_t lines = 0;
  for (auto got = reader.read(it.end); got.what == spool_reader::found::lines; got = reader.read(it.end)) {
    lines += got.lines.count.lines;
    if (lines > 20) CHECK_FALSE(reader.needs(first));
    if (lines < 20) CHECK(reader.needs(last));
  }
  CHECK(lines == 40);
  CHECK(reader.all_read());
  CHECK_FALSE(reader.needs(last));
}

}  // namespace
}  // namespace logrelay
