#include <support/reading.hpp>

#include <logrelay/error.hpp>

#include <fmt/format.h>

namespace logrelay::support {
namespace {

relay_config checked(const std::vector<std::string>& endpoints, const registries& known) {
  mistakes wrong;
  auto config = make_config({endpoints, {"null:"}, {}}, known, wrong);
  if (!wrong.empty()) throw error(wrong.texts().front());
  return config;
}

}  // namespace

reading::reading(const std::vector<std::string>& endpoints, queue_rules rules)
    : config_(checked(endpoints, known_)),
      queue_(rules, pool_, clock_, {[] {}, [this] { handler_.room_again(); }, [](bool, const tally&) {}}),
      reader_(handler_, pool_, say_, clock_, [this] { ++done_; }) {
  for (const auto& each : config_.inputs) {
    inputs_.push_back(each.kind->make(each));
    inputs_.back()->place(inputs_.size() - 1);
    handler_.connect(inputs_.size() - 1, 0, queue_);
    inputs_.back()->prepare();
  }
}

reading::~reading() { reader_.stop_now(); }

void reading::start() {
  std::vector<input*> all;
  for (auto& each : inputs_) all.push_back(each.get());
  reader_.start(std::move(all));
}

bool reading::ends(std::chrono::milliseconds limit) {
  return eventually([&] { return done_ > 0; }, limit);
}

const std::vector<received_line>& reading::lines() {
  // A queue hands out half of what it may hold, until that is acked.
  std::vector<batch> taken;
  for (queue_.take(taken, static_cast<std::size_t>(-1)); !taken.empty(); queue_.take(taken, static_cast<std::size_t>(-1))) {
    for (const auto& each : taken) {
      line_cursor cursor(each.bytes(), each.frames);
      for (std::string_view line; cursor.next(line);) {
        lines_.push_back({std::string(line), each.from->peer, each.from->stream, each.from->input});
        text_.append(line) += '\n';
      }
      queue_.ack(each.size, {each.count, {}, {}});
    }
    taken.clear();
  }
  return lines_;
}

const std::string& reading::text() {
  static_cast<void>(lines());
  return text_;
}

bool reading::comes(std::string_view wanted) {
  return eventually([&] { return text() == wanted; });
}

bool reading::comes_lines(std::size_t count) {
  return eventually([&] { return lines().size() >= count; }) && lines().size() == count;
}

std::uint16_t reading::port(std::size_t place) const {
  const auto where = inputs_.at(place)->listening_on().at(0);
  return static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
}

bool reading::held(std::size_t place) const {
  const auto seconds = [&] {
    const auto all = inputs_.at(place)->held.by_output(clock_.now());
    return all.empty() ? 0.0 : all[0].count();
  };
  const auto before = seconds();
  return eventually([&] { return seconds() > before; }, 1s);
}

}  // namespace logrelay::support
