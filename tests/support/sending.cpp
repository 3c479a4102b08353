#include <support/sending.hpp>

#include <logrelay/error.hpp>

#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <thread>

namespace logrelay::support {

sending::sending(const std::string& endpoint) {
  mistakes wrong;
  config_ = make_config({{}, {endpoint}, {}}, known_, wrong);
  if (!wrong.empty()) throw error(wrong.texts().front());
  listen(config_.outputs.front().kind->make(config_.outputs.front()), config_.outputs.front().name);
}

sending::sending(std::unique_ptr<output> made) { listen(std::move(made), "output"); }

void sending::listen(std::unique_ptr<output> made, const std::string& name) {
  ::signal(SIGPIPE, SIG_IGN);
  encoding_rules rules;
  rules.route = made->make_route();
  if (!made->datagrams()) rules.frames = framing::newline;
  if (!config_.outputs.empty()) {
    const auto& options = config_.outputs.front().options;
    if (options.text("framing") == "octet") rules.frames = framing::octet;
    for (const auto& each : known_.formats)
      if (each.matches(options.text("format"))) {
        rules.body = each.make(options.text("format"), options);
        break;
      }
  }
  listener_ = std::make_unique<queue_listener>(
      listener_parts{name, std::move(made), std::make_unique<line_encoder>(std::move(rules)), std::chrono::seconds(2),
                     [this](severity how, std::string_view text) { say_.say(how, text); }, [] {}});
  queue_rules limits;
  limits.when_full = overflow::block;
  queue_ = std::make_shared<memory_queue>(limits, pool_, clock_,
                                          queue_events{listener_->on_lines(), [] {}, [](bool, const tally&) {}});
  listener_->to().prepare();
}

// What a listener that is let go still touches must not be gone before it.
sending::~sending() {
  abandon();
  if (!ends()) std::terminate();
}

void sending::start() { listener_->start(queue_); }

void sending::push(std::string_view lines) {
  while (!lines.empty()) {
    const auto size = line_end_from(lines, framing::newline, std::min<std::size_t>(lines.size(), 64 * 1024));
    batch part;
    part.memory = pool_.take(size);
    std::memcpy(part.memory->data(), lines.data(), size);
    part.data = part.memory->data();
    part.size = static_cast<std::uint32_t>(size);
    part.count = count_lines(lines.substr(0, size), framing::newline);
    part.time = clock_.wall();
    part.from = source_;
    queue_->push(part);
    lines.remove_prefix(size);
  }
}

bool sending::ends(std::chrono::milliseconds limit) {
  return eventually([&] { return listener_->done(); }, limit);
}

bool sending::delivers() {
  return eventually([&] { return account().pending.lines == 0; });
}

bool sending::retries(std::uint64_t times) {
  return eventually([&] { return report().retries >= times; });
}

bool sending::retries_while_lines_come() {
  return eventually([&] {
    push("line\n");
    std::this_thread::sleep_for(5ms);
    return report().retries > 0;
  });
}

std::chrono::microseconds cost_of_idling(std::chrono::milliseconds for_long) {
  const auto used = [] {
    rusage now{};
    ::getrusage(RUSAGE_SELF, &now);
    return std::chrono::seconds(now.ru_utime.tv_sec + now.ru_stime.tv_sec) +
           std::chrono::microseconds(now.ru_utime.tv_usec + now.ru_stime.tv_usec);
  };
  const auto before = used();
  std::this_thread::sleep_for(for_long);
  return used() - before;
}

}  // namespace logrelay::support
