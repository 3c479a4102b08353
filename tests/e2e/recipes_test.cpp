// The recipes of logrelay-files(7): the program that is replaced and ours get the same lines, and what is kept is the
// same. Each needs its program; without it a test says so.
#include <e2e/relay_under_test.hpp>
#include <support/file_session.hpp>

#include <filesystem>

namespace logrelay::support {
namespace {

using texts = std::vector<std::string>;

/// Lines of many lengths, 1.2 MB of them.
const std::string& all_lines() {
  static const std::string text = [] {
    std::string made;
    for (std::uint64_t i = 0; i < 10'000; ++i) made += numbered_lines(i, 1, 20 + i * 37 % 200);
    return made;
  }();
  return text;
}

bool lacks(std::string_view program) {
  if (has(program)) return false;
  WARN("skipped: " << program << " is not installed");
  return true;
}

/// Runs `command` in `folder`, as a user would write it, on `text`; logrelay is ours.
void run_on(const temp_folder& folder, const std::string& command, const std::string& text, int status = 0) {
  process shell({"sh", "-c", "PATH=" + folder.path().string() + "/bin:$PATH; exec " + command},
                {.input = stream::pipe(), .folder = folder.path().string()});
  shell.write(text);
  shell.close_input();
  INFO(shell.errors());
  REQUIRE(shell.status() == status);
}

/// A folder in which logrelay stands for the program under test.
void put_program(const temp_folder& folder) {
  std::filesystem::create_directory(folder / "bin");
  std::filesystem::create_symlink(LOGRELAY_PROGRAM, folder / "bin/logrelay");
}

std::string unpacked(const std::string& path) {
  return path.ends_with(".gz") || path.ends_with(".zst") ? unpacked_file(path) : read_file(path);
}

/// The files of a folder joined, the rotated ones first: names sort by age, except that numbers go down.
std::string joined(const std::filesystem::path& folder, const std::string& live, bool numbered = false) {
  texts names;
  for (const auto& each : names_in(folder))
    if (each != live && each != "lock" && each != "state" && each != "config") names.push_back(each);
  if (numbered) std::reverse(names.begin(), names.end());
  std::string text;
  for (const auto& each : names) text += unpacked(folder / each);
  return text + read_if_there(folder / live);
}

void require_end_of(const std::string& text, const std::string& all) {
  REQUIRE(!text.empty());
  REQUIRE(text.size() <= all.size());
  REQUIRE(difference(text, std::string_view(all).substr(all.size() - text.size())) == "");
}

/// A folder of files of one size: the same number of files stays, and what they hold is the end of what was written,
/// ours at least as much as theirs but for a file's last line.
void compare_folders(const std::string& peer, const std::string& command) {
  const temp_folder theirs, ours;
  put_program(ours);
  if (peer == "svlogd") {
    std::filesystem::create_directory(theirs / "log");
    write_file(theirs / "log/config", "s99999\nn10\n");
  }
  run_on(theirs, command, all_lines());
  run_on(ours, "logrelay log/current,rotate=99999,keep=10", all_lines());
  const auto their_text = joined(theirs / "log", "current"), our_text = joined(ours / "log", "current");
  require_end_of(their_text, all_lines());
  require_end_of(our_text, all_lines());
  // s6-log's and svlogd's n counts the rotated files, multilog's the live one too; they cut at a size that they find somewhat
  // before.
  CHECK(names_in(ours / "log").size() == 11);
  CHECK(our_text.size() + 11 * 4096 > their_text.size());
  for (const auto& each : names_in(ours / "log")) CHECK(file_size(ours / ("log/" + each)) <= 99'999);
}

}  // namespace

TEST_CASE("recipe: multilog") {
  if (lacks("multilog")) return;
  compare_folders("multilog", "multilog s99999 n11 ./log");
}

TEST_CASE("recipe: multilog with time stamps and a choice of lines") {
  if (lacks("multilog")) return;
  const temp_folder theirs, ours;
  put_program(ours);
  std::string text;
  for (std::uint64_t i = 0; i < 3000; ++i) text += (i % 3 == 0 ? "debug " : "info ") + numbered_lines(i, 1);
  run_on(theirs, "multilog t '-* debug*' s99999 n11 ./log", text);
  run_on(ours, "logrelay 'log/current,rotate=99999,keep=10,reject=debug,format={tai64n} {line}'", text);
  const auto their_lines = split_lines(joined(theirs / "log", "current")),
             our_lines = split_lines(joined(ours / "log", "current"));
  REQUIRE(their_lines.size() == 2000);
  REQUIRE(our_lines.size() == 2000);
  for (std::size_t i = 0; i < our_lines.size(); ++i) {  // @ and 24 digits, and the second is nearly the same
    REQUIRE(our_lines[i].size() == their_lines[i].size());
    REQUIRE(our_lines[i].substr(0, 13) == their_lines[i].substr(0, 13));
    REQUIRE(our_lines[i].substr(25) == their_lines[i].substr(25));
  }
}

TEST_CASE("recipe: s6-log") {
  if (lacks("s6-log")) return;
  compare_folders("s6-log", "s6-log n10 s99999 ./log");
}

TEST_CASE("recipe: svlogd") {
  if (lacks("svlogd")) return;
  compare_folders("svlogd", "svlogd ./log");
}

TEST_CASE("recipe: rotatelogs by size") {
  if (lacks("rotatelogs")) return;
  const temp_folder theirs, ours;
  put_program(ours);
  const auto text = all_lines() + all_lines() + all_lines();
  run_on(theirs, "rotatelogs -n 5 app.log 1M", text);
  run_on(ours, "logrelay app.log,rotate=1M,naming=number,keep=5", text);
  // rotatelogs goes round in app.log, app.log.1 … and cuts lines; both keep all of this.
  std::string their_text;
  for (const auto& each : names_in(theirs.path())) their_text += read_file(theirs / each);
  CHECK(their_text.size() == text.size());
  std::filesystem::remove_all(ours / "bin");
  CHECK(difference(joined(ours.path(), "app.log", true), text) == "");
  CHECK(names_in(ours.path()).size() == names_in(theirs.path()).size());
}

TEST_CASE("recipe: rotatelogs by the hour with a link") {
  if (lacks("rotatelogs")) return;
  const temp_folder theirs, ours;
  put_program(ours);
  run_on(theirs, "rotatelogs -l -L current app.%Y%m%d%H 3600", all_lines());
  run_on(ours, "logrelay app.%Y%m%d%H,every=1h,link=current", all_lines());
  CHECK(difference(read_file(ours / "current"), read_file(theirs / "current")) == "");
  std::filesystem::remove_all(ours / "bin");
  CHECK(names_in(ours.path()) == names_in(theirs.path()));
}

TEST_CASE("recipe: cronolog") {
  if (lacks("cronolog")) return;
  const temp_folder theirs, ours;
  put_program(ours);
  run_on(theirs, "cronolog --symlink=current logs/%Y/%m/%d/app.log", all_lines(),
         3);  // its status at the end of its input
  run_on(ours, "logrelay logs/%Y/%m/%d/app.log,link=current", all_lines());
  const auto their_file = std::filesystem::relative(std::filesystem::canonical(theirs / "current"),
                                                    std::filesystem::canonical(theirs.path()));
  const auto our_file =
      std::filesystem::relative(std::filesystem::canonical(ours / "current"), std::filesystem::canonical(ours.path()));
  CHECK(our_file == their_file);
  CHECK(difference(read_file(ours / "current"), read_file(theirs / "current")) == "");
}

namespace {

/// logrotate in its own words: the relay writes app.log in `folder`, logrotate is run between batches of lines.
struct rotated_by_logrotate {
  explicit rotated_by_logrotate(const std::string& rules) {
    const auto config = "\"" + (folder / "app.log") + "\" { " + rules + " }\n";
    write_file(folder / "logrotate.conf", config);
    ::chmod((folder / "logrotate.conf").c_str(), 0644);
    ::chmod(folder.path().c_str(), 0755);
  }
  void rotate() {
    const auto done = run({"logrotate", "-f", "-s", folder / "logrotate.state", folder / "logrotate.conf"});
    INFO(done.errors);
    REQUIRE(done.status == 0);
  }
  temp_folder folder;
};

}  // namespace

TEST_CASE("recipe: logrotate with create stays in charge and nothing is lost") {
  if (lacks("logrotate")) return;
  rotated_by_logrotate by("rotate 5\n missingok\n create 0640\n");
  relay_under_test relay(by.folder, {"app.log"});
  for (std::uint64_t i = 0; i < 3; ++i) {
    relay.write(numbered_lines(i * 1000, 1000));
    REQUIRE(eventually([&] { return relay.now().outputs().front().count("delivered_lines") == (i + 1) * 1000; }));
    by.rotate();
    relay.send(SIGHUP);
  }
  relay.write(numbered_lines(3000, 1000));
  relay.finish();
  std::string text;
  for (const auto* each : {"app.log.3", "app.log.2", "app.log.1", "app.log"}) text += read_if_there(by.folder / each);
  CHECK(read_sequence(text).is_whole(4000));
}

TEST_CASE("recipe: logrotate with create needs no signal") {
  if (lacks("logrotate")) return;
  rotated_by_logrotate by("rotate 5\n missingok\n create 0640\n");
  relay_under_test relay(by.folder, {"app.log"});
  relay.write(numbered_lines(0, 1000));
  REQUIRE(eventually([&] { return relay.now().outputs().front().count("delivered_lines") == 1000; }));
  by.rotate();
  REQUIRE(read_file(by.folder / "app.log").empty());
  std::uint64_t sent = 1000;  // within a second lines find the new file
  REQUIRE(eventually([&] {
    relay.write(numbered_lines(sent++, 1));
    std::this_thread::sleep_for(20ms);
    return file_size(by.folder / "app.log") > 0;
  }));
  relay.finish();
  CHECK(read_sequence(read_file(by.folder / "app.log.1") + read_file(by.folder / "app.log")).is_whole(sent));
}

TEST_CASE("recipe: logrotate with copytruncate") {
  if (lacks("logrotate")) return;
  rotated_by_logrotate by("rotate 5\n missingok\n copytruncate\n");
  relay_under_test relay(by.folder, {"app.log"});
  for (std::uint64_t i = 0; i < 3; ++i) {
    relay.write(numbered_lines(i * 1000, 1000));
    REQUIRE(eventually([&] { return relay.now().outputs().front().count("delivered_lines") == (i + 1) * 1000; }));
    by.rotate();  // while nobody writes: else it would lose lines, whoever writes them
  }
  relay.write(numbered_lines(3000, 1000));
  relay.finish();
  std::string text;
  for (const auto* each : {"app.log.3", "app.log.2", "app.log.1", "app.log"}) text += read_if_there(by.folder / each);
  CHECK(text.find('\0') == std::string::npos);
  CHECK(read_sequence(text).is_whole(4000));
}

TEST_CASE("recipe: in place of logrotate") {
  if (lacks("logrotate")) return;
  rotated_by_logrotate by("size 1k\n rotate 5\n compress\n create 0640\n");
  const temp_folder ours;
  put_program(ours);
  const auto text = numbered_lines(0, 60'000);
  run_on(ours, "logrelay app.log,rotate=200000,naming=number,keep=5,compress=gzip,mode=0640", text);
  for (std::uint64_t i = 0; i < 6; ++i) {
    std::filesystem::path live = by.folder / "app.log";
    write_file(live, read_if_there(live) + numbered_lines(i * 10'000, 10'000));
    if (i < 5) by.rotate();
  }
  std::filesystem::remove_all(ours / "bin");
  for (const auto* each : {"logrotate.conf", "logrotate.state"}) std::filesystem::remove(by.folder / each);
  CHECK(names_in(ours.path()) == names_in(by.folder.path()));
  for (const auto& each : names_in(ours.path())) {
    INFO(each);
    CHECK(difference(unpacked(ours / each), unpacked(by.folder / each)) == "");
  }
  CHECK((std::filesystem::status(ours / "app.log.1.gz").permissions() & std::filesystem::perms::all) ==
        std::filesystem::perms(0640));
}

TEST_CASE("a command after a rotation gets every packed file of a relay that was killed too") {
  const temp_folder folder;
  const auto options =
      ",rotate=20K,compress=zstd,after-rotate=test -f \"$1\" && test \"$1\" = \"$LOGRELAY_FILE\" && echo \"$1\" >> "
      "told";
  {
    relay_under_test relay(folder, {"app.log" + std::string(options)});
    relay.write(numbered_lines(0, 20'000));
    REQUIRE(eventually([&] { return relay.now().outputs().front().count("delivered_lines") > 5000; }));
    relay.send(SIGKILL);
    relay.wait();
  }
  relay_under_test again(folder, {"app.log" + std::string(options)});
  again.write(numbered_lines(20'000, 5000));
  again.finish();
  auto told = split_lines(read_file(folder / "told"));
  for (const auto& each : told) CHECK(each.ends_with("Z.zst"));
  std::sort(told.begin(), told.end());
  const auto twice = std::unique(told.begin(), told.end());
  CHECK(told.end() - twice <= 1);
  told.erase(twice, told.end());
  texts parts;
  for (const auto& each : names_in(folder.path()))
    if (each.starts_with("app.log.")) parts.push_back(each);
  CHECK(told == parts);
}

TEST_CASE("lines are sorted into files by level and in the order in which they came") {
  const temp_folder folder;
  relay_under_test relay(folder, {"-i", "-,decode=prefix,name=app", "logs/{input}/{level}.log,max-files=2"});
  std::string text, errors, notes, debug;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto line = (i % 3 == 0 ? "<3>" : i % 3 == 1 ? "<5>" : "<7>") + numbered_lines(i, 1);
    text += line;
    (i % 3 == 0 ? errors : i % 3 == 1 ? notes : debug) += line;
  }
  relay.write(text);
  relay.finish();
  CHECK(names_in(folder / "logs/app") == texts{"debug.log", "err.log", "notice.log"});
  CHECK(difference(read_file(folder / "logs/app/err.log"), errors) == "");
  CHECK(difference(read_file(folder / "logs/app/notice.log"), notes) == "");
  CHECK(difference(read_file(folder / "logs/app/debug.log"), debug) == "");
}

TEST_CASE("a file rotates with the clock though no line comes") {
  const temp_folder folder;
  relay_under_test relay(folder, {"app.log,every=1s,keep=100"});
  relay.write("one\n");
  REQUIRE(eventually([&] { return names_in(folder.path()).size() == 3; }));
  CHECK(read_file(folder / "app.log").empty());
  const auto balance = relay.finish();
  CHECK(balance.outputs().front().count("rotations") == 1);
}

}  // namespace logrelay::support
