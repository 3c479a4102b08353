#include <catch2/catch.hpp>
#include <logrelay/output/gelf_chunks.hpp>

#include <set>
#include <string>

namespace logrelay {
namespace {

std::string bytes_of(const mmsghdr& datagram) {
  std::string all;
  for (std::size_t i = 0; i < datagram.msg_hdr.msg_iovlen; ++i)
    all.append(static_cast<const char*>(datagram.msg_hdr.msg_iov[i].iov_base), datagram.msg_hdr.msg_iov[i].iov_len);
  return all;
}

TEST_CASE("a message that fits is not cut") {
  CHECK_FALSE(gelf_chunks(100).cuts(100));
  CHECK(gelf_chunks(100).cuts(101));
  CHECK_FALSE(gelf_chunks(0).cuts(1'000'000));
}

TEST_CASE("chunks have an id in common and their number and add up to the message") {
  gelf_chunks chunks(20);
  const std::string message = "a message of thirty-one bytes ..";
  std::set<std::string> ids;
  for (int turn = 0; turn < 2; ++turn, chunks.next_message()) {
    std::string whole;
    const auto datagrams = chunks.datagrams(message, 0);
    REQUIRE(datagrams.size() == 4);
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      const auto bytes = bytes_of(datagrams[i]);
      CHECK(bytes.size() <= 20);
      CHECK(bytes.substr(0, 2) == "\x1e\x0f");
      ids.insert(bytes.substr(2, 8));
      CHECK(bytes[10] == static_cast<char>(i));
      CHECK(bytes[11] == 4);
      whole += bytes.substr(12);
    }
    CHECK(whole == message);
    CHECK(ids.size() == static_cast<std::size_t>(turn) + 1);
  }
}

TEST_CASE("chunks that were sent are left out") {
  gelf_chunks chunks(20);
  const std::string message(30, 'x');
  const auto whole = bytes_of(chunks.datagrams(message, 0)[2]);
  const auto rest = chunks.datagrams(message, 2);
  REQUIRE(rest.size() == 2);
  CHECK(bytes_of(rest[0]) == whole);
  CHECK(chunks.datagrams(message, 4).empty());
}

TEST_CASE("a message of more than 128 chunks is too long") {
  CHECK_FALSE(gelf_chunks(112).too_long(12'800));
  CHECK(gelf_chunks(112).too_long(12'801));
}

}  // namespace
}  // namespace logrelay
