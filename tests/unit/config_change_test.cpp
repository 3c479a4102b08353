#include <logrelay/config_change.hpp>

#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

#include <filesystem>

using namespace logrelay;
using texts = std::vector<std::string>;

namespace {

/// Not before main: the rows are put together at the start of the program.
const registries& known() {
  static const registries all = standard_registries();
  return all;
}

relay_config made(const relay_request& request) {
  mistakes wrong;
  auto config = make_config(request, known(), wrong);
  REQUIRE(wrong.texts() == texts{});
  return config;
}
output_config output_of(const std::string& text, const given_options& global = {}) { return made({{"unix:a,name=a,decode=prefix"}, {text}, global}).outputs.front(); }
input_config input_of(const std::string& text) { return made({{text}, {}, {}}).inputs.front(); }

}  // namespace

TEST_CASE("the same in other words is unchanged", "[config_change]") {
  CHECK(is_unchanged(output_of("a.log,queue=1M,keep=2,rotate=1M"), output_of("a.log,keep=2,rotate=1M,queue=1M")));
  CHECK(is_unchanged(output_of("a.log,level=WARN"), output_of("a.log,level=warning")));
  CHECK(is_unchanged(output_of("a.log,append=yes"), output_of("a.log,append=true")));
  CHECK(is_unchanged(output_of("a.log"), output_of("a.log,from=a")));  // a matter of routes
  CHECK_FALSE(is_unchanged(output_of("a.log"), output_of("a.log,queue=1M")));
  CHECK_FALSE(is_unchanged(output_of("a.log"), output_of("b.log,name=a.log")));
  CHECK_FALSE(is_unchanged(output_of("a.log"), output_of("a.log,name=b")));
  CHECK_FALSE(is_unchanged(output_of("a.log"), output_of("a.log", {{"timestamp", "yes"}})));
  CHECK(is_unchanged(input_of("tcp://:1,max-line=1M"), input_of("tcp://:1,max-line=1M")));
  CHECK_FALSE(is_unchanged(input_of("tcp://:1"), input_of("tcp://:1,max-line=2M")));
  CHECK_FALSE(is_unchanged(input_of("tcp://:1"), input_of("udp://:1")));
}

TEST_CASE("an output is followed by one of the same endpoint and name", "[config_change]") {
  CHECK(is_successor(output_of("a.log"), output_of("a.log,queue=1M")));
  CHECK_FALSE(is_successor(output_of("a.log"), output_of("a.log,name=b")));
  CHECK_FALSE(is_successor(output_of("a.log"), output_of("b.log,name=a.log")));
}

TEST_CASE("a queue is kept where its lines lie in the same place", "[config_change]") {
  CHECK(keeps_queue(output_of("a.log"), output_of("a.log,queue=1M")));
  CHECK(keeps_queue(output_of("a.log,spool=/s"), output_of("a.log,spool=/s,spool-size=2G")));
  CHECK_FALSE(keeps_queue(output_of("a.log"), output_of("a.log,spool=/s")));
  CHECK_FALSE(keeps_queue(output_of("a.log,spool=/s"), output_of("a.log,spill=/s")));
  CHECK_FALSE(keeps_queue(output_of("a.log,spool=/s"), output_of("a.log,spool=/t")));
  CHECK(changes_disk_queue(output_of("a.log,spool=/s"), output_of("a.log,spool=/s,spool-size=2G")));
  CHECK(changes_disk_queue(output_of("a.log,spool=/s"), output_of("a.log,spool=/s,queue=1M")));
  CHECK_FALSE(changes_disk_queue(output_of("a.log,spool=/s"), output_of("a.log,spool=/s,format=json")));
  CHECK_FALSE(changes_disk_queue(output_of("a.log"), output_of("a.log,queue=1M")));
}

TEST_CASE("files share a place however they are written", "[config_change]") {
  CHECK(share_an_endpoint(output_of("a.log,name=x"), output_of("./b/../a.log,name=y")));
  CHECK(share_an_endpoint(output_of("tcp://h:1,name=x"), output_of("tcp://h:1,name=y")));
  CHECK_FALSE(share_an_endpoint(output_of("a.log"), output_of("b.log")));
}

TEST_CASE("outputs share a directory for their lines however it is written and used", "[config_change]") {
  CHECK(share_a_directory(output_of("a.log,spool=/s"), output_of("b.log,spool=/s")));
  CHECK(share_a_directory(output_of("a.log,spool=/s"), output_of("a.log,spill=/t/../s/")));
  CHECK_FALSE(share_a_directory(output_of("a.log,spool=/s"), output_of("a.log,spool=/t")));
  CHECK_FALSE(share_a_directory(output_of("a.log"), output_of("a.log,spool=/s")));
  CHECK_FALSE(share_a_directory(output_of("a.log"), output_of("b.log")));
  const support::temp_folder folder;
  std::filesystem::create_directory(folder / "s");
  std::filesystem::create_symlink("s", folder / "link");
  CHECK(share_a_directory(output_of("a.log,spool=" + folder / "s"), output_of("b.log,spool=" + folder / "link")));
}

TEST_CASE("what cannot follow a new configuration is named", "[config_change]") {
  const auto before = made({{}, {}, {{"report", "a"}, {"quiet", "yes"}}});
  CHECK(fixed_until_restart(before, before) == texts{});
  CHECK(fixed_until_restart(before, made({{}, {}, {{"report", "a"}, {"verbose", "yes"}, {"timestamp", "yes"}, {"drain-timeout", "1s"}, {"metrics", ":1"}}})) == texts{});
  CHECK(fixed_until_restart(before, made({{}, {}, {{"report", "b"}}, {"true"}})) == texts{"report", "command"});
  CHECK(fixed_until_restart(before, made({})) == texts{"report"});
}
