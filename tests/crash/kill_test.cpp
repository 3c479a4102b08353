// What is in the files after a kill -9 or on a full disk, and how the next start goes on.
#include <e2e/running_relay.hpp>
#include <support/lines.hpp>
#include <support/small_disk.hpp>
#include <support/sockets.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

using namespace logrelay;
using namespace logrelay::support;

namespace {

constexpr std::size_t line_bytes = 60;
constexpr std::uint64_t rotate_bytes = 256 << 10;

/// More than a relay takes in the time that it is given.
const std::string& flood_text() {
  static const std::string text = numbered_lines(0, 1'000'000, line_bytes);
  return text;
}

/// Writes the flood, in pieces of a random size, until nobody reads any more.
class flood {
 public:
  flood(fd writing, std::size_t piece_bytes)
      : writing_(std::move(writing)), thread_([this, piece_bytes] {
          try {
            for (std::string_view rest = flood_text(); !rest.empty();) {
              const auto piece = rest.substr(0, piece_bytes);
              write_all(writing_, piece);
              written_ += piece.size();
              rest.remove_prefix(piece.size());
            }
          } catch (const std::exception&) {  // the relay is gone
          }
        }) {}
  ~flood() { join(); }
  flood(const flood&) = delete;
  flood& operator=(const flood&) = delete;

  void join() {
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint64_t written_bytes() const { return written_; }

 private:
  fd writing_;
  std::atomic<std::uint64_t> written_ = 0;
  std::thread thread_;
};

std::vector<std::string> rotated_names(const temp_folder& folder, const std::string& name) {
  auto names = names_in(folder.path());
  std::erase_if(names, [&](const std::string& each) { return !each.starts_with(name + "."); });
  return names;
}

std::string rotated_text(const temp_folder& folder, const std::string& name) {
  std::string text;
  for (const auto& each : rotated_names(folder, name)) text += read_file(folder / each);
  return text + read_if_there(folder / name);
}

/// The bytes are those that were sent, up to somewhere.
void require_start_of_flood(std::string_view text) {
  REQUIRE(difference(text, std::string_view(flood_text()).substr(0, text.size())) == "");
}

void kill_at_random_moments(const std::string& options, int rounds) {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  flood_text();
  for (int round = 0; round < rounds; ++round) {
    INFO("round " << round);
    const temp_folder folder;
    const std::vector<std::string> words{folder / "out,queue=1M,overflow=block" + options};
    auto in = make_pipe();
    running_relay relay(folder, words, {.input = stream::descriptor(in.reading.get())});
    in.reading.reset();
    const std::size_t pieces[] = {line_bytes, 777, 65536, 1 << 20};
    flood writer(std::move(in.writing), pieces[random() % 4]);
    const bool flowing = eventually([&] { return file_size(folder / "out") > 0 || !rotated_names(folder, "out").empty(); });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));  // the random moment
    relay->send(SIGKILL);
    REQUIRE(relay->wait(patience)->signal == SIGKILL);
    writer.join();
    REQUIRE(flowing);

    for (const auto& name : rotated_names(folder, "out")) {
      const auto part = read_file(folder / name);
      REQUIRE(part.size() <= rotate_bytes);
      REQUIRE(part.back() == '\n');
    }
    auto text = rotated_text(folder, "out");
    require_start_of_flood(text);
    // Lost is at most what waited in the pipe, in the queue, and in a read that was not yet queued.
    REQUIRE(writer.written_bytes() - std::min<std::uint64_t>(text.size(), writer.written_bytes()) <= 3 << 20);

    if (text.back() != '\n') text += '\n';
    running_relay again(folder, words);
    const auto more = numbered_lines(5'000'000, 10'000, line_bytes);
    again.feed(more);
    REQUIRE(difference(rotated_text(folder, "out"), text + more) == "");
    REQUIRE(again->errors() == "");
  }
}

}  // namespace

TEST_CASE("KILL at random moments leaves whole lines in order and the next start goes on behind them") {
  kill_at_random_moments("", 50);
}

TEST_CASE("KILL at random moments leaves all rotated files whole and in order") {
  kill_at_random_moments(",rotate=256K", 50);
}

TEST_CASE("the torn line that a crash left is completed before the first new one") {
  const temp_folder folder;
  const std::string torn = GENERATE("whole\nto", "t", "\r");
  write_file(folder / "out", torn);
  write_file(folder / "nul", "to");
  running_relay relay(folder, {folder / "out", folder / "nul,framing=nul"});
  relay.feed("new\n");
  REQUIRE(read_file(folder / "out") == torn + "\nnew\n");
  REQUIRE(read_file(folder / "nul") == std::string("to\0new\0", 7));
}

TEST_CASE("a crash between the two steps of a rotation leaves no live file and the next start makes it") {
  const temp_folder folder;
  write_file(folder / "out.20200101T000000.000000Z", "old\n");
  running_relay relay(folder, {folder / "out,rotate=4,keep=1"});
  relay.feed("a\nb\nnew\n");
  REQUIRE(read_file(folder / "out") == "new\n");
  REQUIRE(rotated_names(folder, "out").size() == 1);
  REQUIRE(rotated_text(folder, "out") == "a\nb\nnew\n");
}

TEST_CASE("the lock of a killed relay holds nobody up and that of a running one does") {
  const temp_folder folder;
  running_relay relay(folder, {folder / "out"});
  relay->write("line\n");
  REQUIRE(eventually([&] { return file_size(folder / "out") > 0; }));
  const auto refused = run({LOGRELAY_PROGRAM, folder / "out"});
  REQUIRE(refused.status == 2);
  REQUIRE_THAT(refused.errors, Catch::Contains("holds it"));
  relay->send(SIGKILL);
  REQUIRE(relay->wait(patience)->signal == SIGKILL);
  running_relay(folder, {folder / "out"}).feed("next\n");
  REQUIRE(read_file(folder / "out") == "line\nnext\n");
}

// ---- a full disk

namespace {

std::optional<small_disk> mounted(std::uint64_t bytes) {
  auto disk = small_disk::mount(bytes);
  if (!disk) WARN("skipped: mounting a small tmpfs is not allowed here");
  return disk;
}

bool says_full(const running_relay& relay) {
  return relay.program().errors().find("No space left on device") != std::string::npos;
}

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

}  // namespace

TEST_CASE("a full disk pauses its output and no other and loses nothing once there is room") {
  const auto disk = mounted(2 << 20);
  if (!disk) return;
  const temp_folder folder;
  const std::string options = GENERATE("", ",rotate=50K");
  running_relay relay(folder, {*disk / "out,name=full" + options, folder / "good"});
  REQUIRE(eventually([&] { return std::filesystem::exists(*disk / "out"); }));

  constexpr std::uint64_t rounds = 4, lines = 4000;
  std::string text;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    disk->fill();
    const auto part = numbered_lines(round * lines, lines, line_bytes);
    text += part;
    relay->write(part);
    REQUIRE(eventually([&] { return file_size(folder / "good") == text.size(); }));
    REQUIRE(eventually([&] { return occurrences(relay->errors(), "No space left on device") == round + 1; }));
    REQUIRE(relay.report_now().output("full").pending() > 0);
    disk->make_room();
    REQUIRE(eventually([&] { return relay.report_now().output("full").pending() == 0; }));
    REQUIRE(eventually([&] { return occurrences(relay->errors(), "goes on after") == round + 1; }));
  }
  relay->close_input();
  const auto report = relay.end();
  REQUIRE(difference(read_file(folder / "good"), text) == "");
  std::string on_disk;
  for (const auto& name : names_in(std::filesystem::path(*disk / "")))
    if (name.starts_with("out.")) on_disk += read_file(*disk / name);
  REQUIRE(difference(on_disk + read_file(*disk / "out"), text) == "");
  REQUIRE(report.output("full").delivered() == rounds * lines);
}

TEST_CASE("a disk that stays full costs the deadline and keeps whole lines which the next start goes on behind") {
  const auto disk = mounted(1 << 20);
  if (!disk) return;
  const temp_folder folder;
  const auto text = numbered_lines(0, 30'000, line_bytes);  // more than the disk holds
  std::uint64_t delivered = 0;
  {
    running_relay relay(folder, {"--drain-timeout=500ms", *disk / "out,name=full", folder / "good"});
    relay->write(text);
    REQUIRE(eventually([&] { return says_full(relay) && file_size(folder / "good") == text.size(); }));
    relay->send(SIGTERM);
    const auto report = relay.end(1);
    delivered = report.output("full").delivered();
    REQUIRE(report.output("full").pending() == 30'000 - delivered);
    REQUIRE_THAT(relay->errors(), Catch::Contains("not delivered; last error: unable to write " + *disk / "out"));
    REQUIRE(difference(read_file(folder / "good"), text) == "");
  }
  const auto kept = read_file(*disk / "out");
  REQUIRE(difference(kept, text.substr(0, delivered * line_bytes)) == "");

  write_file(*disk / "out", "");
  running_relay again(folder, {*disk / "out"});
  again.feed(std::string_view(text).substr(kept.size()));
  REQUIRE(difference(kept + read_file(*disk / "out"), text) == "");
}
