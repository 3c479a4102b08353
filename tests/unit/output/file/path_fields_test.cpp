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
  CHECK(filled("logs/{peer}/x.log", "logrelay.log") == "logs/_/x.log");  // where the common file has to be
  CHECK(filled("logs/{peer}.log", "logrelay") == "logs/logrelay.log");
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

/// Lines with the path that they go to; `going_on`: the first is the rest of one.
struct routed final : outgoing {
  routed(std::string path, std::string text, bool going_on = false) : path_(std::move(path)), lines_(std::move(text)), going_on_(going_on) {}
  std::span<const iovec> pieces() const override { return lines_.pieces(); }
  std::size_t bytes() const override { return lines_.bytes(); }
  bool mid_line() const override { return going_on_; }
  std::size_t line_end_before(std::size_t limit) const override { return lines_.line_end_before(limit); }
  std::size_t first_line_end() const override { return lines_.first_line_end(); }
  std::string_view route() const override { return path_; }
  std::string path_;
  lines_to_write lines_;
  bool going_on_;
};

/// An output with {input}.log in a folder, opened.
struct routed_files {
  explicit routed_files(std::size_t max_files = 100, std::uint64_t rotate_bytes = 0) {
    rules.path = folder / "{input}.log";
    rules.fields = true;
    rules.max_files = max_files;
    rules.rotate_bytes = rotate_bytes;
    out.emplace(rules, clock, files);
    out->set_speaker([this](severity, std::string_view text) { said.emplace_back(text); });
    out->parts().without_thread();
    out->prepare();
    REQUIRE(names_in(folder.path()).empty());
    REQUIRE(out->open(wait).what == outcome::done);
  }
  write_result write(const std::string& input, std::string lines, bool going_on = false) {
    return out->write(routed(path(input), std::move(lines), going_on));
  }
  [[nodiscard]] std::string path(const std::string& input) const { return folder / (input + ".log"); }

  const temp_folder folder{};
  fake_clock clock{};
  file_system files{};
  file_rules rules{};
  texts said{};
  std::optional<file_output> out{};
  wake alarm{};
  waiter wait{alarm};
};

TEST_CASE("each line goes into the file that its fields name and at most so many are open") {
  routed_files my(3, 100);
  const auto before = names_in("/proc/self/fd").size();
  for (std::uint64_t i = 0; i < 60; ++i) {
    REQUIRE(my.write(std::to_string(i % 6), numbered_lines(i, 1)).taken == 20);
    CHECK(names_in("/proc/self/fd").size() <= before + 6);  // a folder and a file for each
  }
  my.out->close(0);
  CHECK(my.out->rotations() == 6);
  for (std::uint64_t i = 0; i < 6; ++i) {
    file_rules one = my.rules;
    one.path = my.path(std::to_string(i));
    std::string wanted;
    for (std::uint64_t n = i; n < 60; n += 6) wanted += numbered_lines(n, 1);
    CHECK(text_by_age(one) == wanted);
  }
}

TEST_CASE("lines whose file cannot be opened go to the common one, and hold up no others") {
  routed_files my;
  const std::string common = my.path("logrelay");
  std::filesystem::create_directory(my.path("a"));
  CHECK(my.write("a", "one\n").taken == 4);
  CHECK(my.write("b", "two\n").taken == 4);
  CHECK(my.write("a", "three\nfo").taken == 8);
  CHECK(my.said == texts{"unable to open " + my.path("a") + ": Is a directory; its lines go to " + common + " until it can be"});
  std::filesystem::remove(my.path("a"));
  CHECK(my.write("a", "ur\n", true).taken == 3);  // where the line was begun
  CHECK(my.write("a", "five\n").taken == 5);
  CHECK(my.said.back() == "lines go to " + my.path("a") + " again");
  CHECK(read_file(common) == "one\nthree\nfour\n");
  CHECK(read_file(my.path("a")) == "five\n");
  CHECK(read_file(my.path("b")) == "two\n");
}

TEST_CASE("a file that cannot be opened again holds up no others either") {
  routed_files my;
  CHECK(my.write("a", "one\n").taken == 4);
  CHECK(my.write("b", "two\n").taken == 4);
  std::filesystem::rename(my.path("a"), my.folder / "old");
  std::filesystem::create_directory(my.path("a"));
  CHECK(my.out->reopen().what == outcome::done);
  CHECK(my.write("a", "three\n").taken == 6);
  CHECK(my.write("b", "four\n").taken == 5);
  CHECK(read_file(my.path("logrelay")) == "three\n");
  CHECK(read_file(my.path("b")) == "two\nfour\n");
  CHECK(my.out->open(my.wait).what == outcome::done);
}

TEST_CASE("the common file is in the folder before the first field") {
  CHECK(path_fields::common_file("/var/log/{peer}/x.log") == "/var/log/logrelay.log");
  CHECK(path_fields::common_file("{peer}.log") == "logrelay.log");
  CHECK(path_fields::common_file("a{{b}}/c{peer}.log") == "a{b}/logrelay.log");
}

TEST_CASE("who has one name after the other refused is not told of all of them") {
  routed_files my;
  for (int i = 0; i < 20; ++i) {
    std::filesystem::create_directory(my.path(std::to_string(i)));
    CHECK(my.write(std::to_string(i), "line\n").taken == 5);
  }
  REQUIRE(my.said.size() == 16);
  CHECK_THAT(my.said.back(), Catch::EndsWith("and so do those of others of which no word is said any more"));
}

TEST_CASE("where neither a file nor the common one can be opened its reason is told, and lines wait") {
  routed_files my;
  std::filesystem::create_directory(my.path("a"));
  std::filesystem::create_directory(my.path("logrelay"));
  const auto how = my.write("a", "one\n");
  CHECK(how.what == outcome::retry);
  CHECK(how.why == "unable to open " + my.path("a") + ": Is a directory");
  CHECK(my.out->open(my.wait).what == outcome::done);  // nothing hinders the others
  CHECK(my.write("b", "two\n").taken == 4);
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
