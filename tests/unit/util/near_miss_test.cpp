#include <catch2/catch.hpp>
#include <logrelay/util/near_miss.hpp>

#include <string>
#include <vector>

using namespace logrelay;
using names = std::vector<std::string_view>;

TEST_CASE("one slip of any kind is near", "[near_miss]") {
  const names known = {"rotate"};
  for (const char* word : {"rotates", "rtate", "rotato", "rotaet", "orotate", "ROTATE", "Rotaet"})
    CHECK(near_misses(word, known) == known);
}

TEST_CASE("a swap of two neighbours is one slip", "[near_miss]") {
  CHECK(near_misses("tpc", names{"tcp"}) == names{"tcp"});
  CHECK(near_misses("ctp", names{"tcp"}) == names{"tcp"});
  CHECK(near_misses("pct", names{"tcp"}).empty());
}

TEST_CASE("at most a third of the letters may differ", "[near_miss]") {
  CHECK(near_misses("roxxte", names{"rotate"}) == names{"rotate"});
  CHECK(near_misses("rxxxte", names{"rotate"}).empty());
  CHECK(near_misses("xd", names{"fd"}).empty());
}

TEST_CASE("a unique beginning is near however much is missing", "[near_miss]") {
  CHECK(near_misses("comp", names{"compress", "append"}) == names{"compress"});
  CHECK(near_misses("max-line", names{"max-line-action", "queue"}) == names{"max-line-action"});
  CHECK(near_misses("keep", names{"keep-free-space", "keep-size-bytes"}).empty());
}

TEST_CASE("the nearest name comes first and there are three at most", "[near_miss]") {
  CHECK(near_misses("queue", names{"queues", "quexxe", "queue"}) == names{"queue", "queues", "quexxe"});
  CHECK(near_misses("aaaaaa", names{"aaaaax", "aaaaay", "aaaaxx", "aaaaaz", "aaaaav"}) ==
        names{"aaaaav", "aaaaax", "aaaaay"});
}

TEST_CASE("a name that is known twice is suggested once", "[near_miss]") {
  CHECK(near_misses("tpc", names{"tcp", "udp", "tcp"}) == names{"tcp"});
  CHECK(near_misses("overf", names{"overflow", "overflow"}) == names{"overflow"});
}

TEST_CASE("nothing is near to nothing or to a very long word", "[near_miss]") {
  CHECK(near_misses("", names{"a", "tcp"}).empty());
  CHECK(near_misses(std::string(101, 'a'), names{"a"}).empty());
  const std::string long_name(200, 'a');
  CHECK(near_misses(std::string(100, 'a') + "b", names{long_name}).empty());
  CHECK(near_misses("a", names{long_name}) == names{long_name});
}

TEST_CASE("suggestions read as a question", "[near_miss]") {
  CHECK(did_you_mean("tpc", names{"tcp"}) == " (did you mean 'tcp'?)");
  CHECK(did_you_mean("queee", names{"queue", "queen"}) == " (did you mean 'queen' or 'queue'?)");
  CHECK(did_you_mean("zzz", names{"tcp"}).empty());
}

TEST_CASE("a list reads as it is said", "[near_miss]") {
  CHECK(listed({}).empty());
  CHECK(listed(names{"a"}) == "a");
  CHECK(listed(names{"a", "b"}) == "a or b");
  CHECK(listed(names{"a", "b", "c"}) == "a, b or c");
}
