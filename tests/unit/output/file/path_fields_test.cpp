#include <logrelay/output/file/path_fields.hpp>

#include <support/file_session.hpp>
#include <support/lines.hpp>
#include <support/sending.hpp>
#include <support/temp_folder.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

using namespace support;
using texts = std::vector<std::string>;

std::string filled(const std::string& path, const std::string& peer, bool by_time = false) {
  source from;
  from.peer = peer;
  from.input_name = "in";
  std::string made;
  path_fields(path, by_time).append(line_view("line", {}, from), made);
  return made;
}

TEST_CASE("fields in a path say what they say") {
  CHECK(filled("/var/log/{input}/{peer}.log", "web") == "/var/log/in/web.log");
  CHECK(filled("{{x}}-{level}.log", "") == "{x}-info.log");
}

TEST_CASE("what a sender could abuse does not get into a path") {
  CHECK(filled("logs/{peer}.log", "../../etc/passwd") == "logs/.._.._etc_passwd.log");
  CHECK(filled("logs/{peer}/x.log", "..") == "logs/_/x.log");
  CHECK(filled("logs/{peer}/x.log", ".") == "logs/_/x.log");
  CHECK(filled("logs/{peer}/x.log", "/") == "logs/_/x.log");
  CHECK(filled("logs/.{peer}/x.log", ".") == "logs/_/x.log");
  CHECK(filled("{peer}.log", std::string("a\n\0\x1b\x7f", 5) + "b") == "a____b.log");
  CHECK(filled("{peer}-%Y.log", "100%d", true) == "100%%d-%Y.log");
  const auto long_one = filled("{peer}{peer}.log", std::string(5000, 'x'));
  CHECK(long_one.size() <= path_fields::longest);
  CHECK(long_one.ends_with("x.log"));
}

TEST_CASE("no value leads out of the folder of a path") {
  for (const auto& piece : {"..", ".", "/", "a", "\n", "%", "{", "", "//", "../"})
    for (const auto& other : {"..", ".", "/", "b", "%Y", "}", ""}) {
      const auto made = std::filesystem::path(filled("root/{peer}/{peer}.log", std::string(piece) + other));
      CHECK(std::distance(made.begin(), made.end()) == 3);
      CHECK(made.lexically_normal().string().starts_with("root/"));
    }
}

TEST_CASE("mistakes in the fields of a path are said") {
  const auto said = [](const std::string& path) {
    mistakes wrong;
    check_path_fields(path, "output 'x'", wrong);
    std::string all;
    for (const auto& each : wrong.texts()) all += each + "\n";
    return all;
  };
  CHECK(said("{input}/{level}.log") == "");
  CHECK_THAT(said("{host"), Catch::Contains("without its '}'"));
  CHECK_THAT(said("{nobody}.log"), Catch::Contains("nobody"));
  CHECK_THAT(said("{time:%Y}.log"), Catch::Contains("as %Y-%m-%d"));
  CHECK_THAT(said("{line}.log"), Catch::Contains("a file for each line"));
  CHECK_THAT(said("logs/{input}"), Catch::Contains("may not end in a field"));
  CHECK_THROWS_WITH(sending("{level}.log,link=x"), Catch::Contains("leads to one file"));
}

TEST_CASE("each line goes into the file that its fields name and at most so many are open") {
  const temp_folder folder;
  fake_clock clock;
  file_system files;
  file_rules rules;
  rules.path = folder / "{input}.log";
  rules.fields = true;
  rules.max_files = 3;
  rules.rotate_bytes = 100;
  file_output out(rules, clock, files);
  out.parts().without_thread();
  out.prepare();
  CHECK(names_in(folder.path()).empty());
  wake alarm;
  waiter wait(alarm);
  REQUIRE(out.open(wait).what == outcome::done);
  const auto before = names_in("/proc/self/fd").size();
  struct routed final : outgoing {
    routed(std::string path, std::string text) : path_(std::move(path)), lines_(std::move(text)) {}
    std::span<const iovec> pieces() const override { return lines_.pieces(); }
    std::size_t bytes() const override { return lines_.bytes(); }
    bool mid_line() const override { return false; }
    std::size_t line_end_before(std::size_t limit) const override { return lines_.line_end_before(limit); }
    std::size_t first_line_end() const override { return lines_.first_line_end(); }
    std::string_view route() const override { return path_; }
    std::string path_;
    lines_to_write lines_;
  };
  for (std::uint64_t i = 0; i < 60; ++i) {
    REQUIRE(out.write(routed(folder / (std::to_string(i % 6) + ".log"), numbered_lines(i, 1))).taken == 20);
    CHECK(names_in("/proc/self/fd").size() <= before + 6);  // a folder and a file for each
  }
  out.close(0);
  CHECK(out.rotations() == 6);
  for (std::uint64_t i = 0; i < 6; ++i) {
    file_rules one = rules;
    one.path = folder / (std::to_string(i) + ".log");
    std::string wanted;
    for (std::uint64_t n = i; n < 60; n += 6) wanted += numbered_lines(n, 1);
    CHECK(text_by_age(one) == wanted);
  }
}

TEST_CASE("lines find their file through the whole way") {
  const temp_folder folder;
  sending out(folder / "{stream}-{level}.log");
  out.start();
  out.push(numbered_lines(0, 50'000));
  REQUIRE(out.delivers());
  CHECK(names_in(folder.path()) == texts{"--info.log"});
  CHECK(difference(read_file(folder / "--info.log"), numbered_lines(0, 50'000)) == "");
  CHECK(out.account().balances());
}

}  // namespace
}  // namespace logrelay
