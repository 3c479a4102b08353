#include <logrelay/running_output.hpp>

#include <logrelay/spool/spool_options.hpp>
#include <logrelay/util/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace logrelay {
namespace {

overflow overflow_of(const std::string& name) {
  if (name == "block") return overflow::block;
  if (name == "drop-newest") return overflow::drop_newest;
  return name == "drop-oldest" ? overflow::drop_oldest : overflow::adaptive;
}

const format_kind& format_of(const std::string& text, const registries& known) {
  return *std::find_if(known.formats.begin(), known.formats.end(), [&](const auto& kind) { return kind.matches(text); });
}

std::shared_ptr<queue> make_spool(spool_request asked, const std::string& name, queue_events tell, const surroundings& in) {
  spool_queue::parts given;
  given.rules = asked.rules;
  given.name = name;
  given.folder = asked.folder;
  given.open = [path = asked.folder] { return std::make_unique<folder_disk>(path, folder_disk::access::exclusive); };
  given.unmake = [](disk& folder) { static_cast<folder_disk&>(folder).unmake(); };
  given.say = [to = &in.say](severity how, std::string_view text) { to->say(how, text); };
  return std::make_shared<spool_queue>(std::move(given), in.pool, in.clock, std::move(tell));
}

}  // namespace

encoding_rules encoding_of(const output_config& config, const registries& known, const output& to) {
  const auto& text = config.options.text("format");
  const auto& body = format_of(text, known);
  encoding_rules rules;
  rules.route = to.make_route();
  if (!to.datagrams()) {
    const auto& name = config.options.text("framing");
    rules.frames = name == "nul"       ? framing::nul
                   : name == "octet"   ? framing::octet
                   : name == "newline" ? framing::newline
                   : config.kind->network ? body.network_framing
                                          : framing::newline;
  }
  rules.strip_ansi = config.options.yes("strip-ansi");
  if (!config.timestamp.empty() && !body.has_header) rules.prefix = format_of(config.timestamp, known).make(config.timestamp, config.options);
  rules.body = body.make(text, config.options);
  for (const auto& kind : known.filters) kind.make(config.options, rules.filters);
  return rules;
}

queue_rules rules_of(const output_config& config, const encoding_rules& encoding) {
  queue_rules limits;
  limits.capacity_bytes = config.options.size("queue");
  limits.when_full = overflow_of(config.options.text("overflow"));
  limits.stall_after = config.options.duration("stall-after");
  limits.gap_marker = config.options.yes("gap-marker");
  limits.keep_times = encoding.prefix || encoding.body || encoding.route;
  return limits;
}

queue_events events_of(const std::string& name, std::size_t capacity_bytes, const queue_listener& listener, const surroundings& in) {
  queue_events tell;
  tell.on_lines = listener.on_lines();
  tell.on_room = [with = in.common] { with->handler.room_again(); };
  tell.on_left = [with = in.common] { with->events.signal(); };
  tell.on_loss = [to = &in.say, name, full = capacity_bytes](bool begins, const tally& dropped) {
    to->say(begins ? severity::warning : severity::notice,
            begins ? fmt::format("output '{}': its queue is full ({}); dropping lines until it moves again", name, readable_size(full))
                   : fmt::format("output '{}': takes lines again; {} were dropped", name, dropped.lines));
  };
  return tell;
}

std::shared_ptr<queue> make_queue(const output_config& config, const queue_rules& limits, queue_events tell, const surroundings& in) {
  if (auto spooled = spool_of(config.options, limits)) return make_spool(std::move(*spooled), config.name, std::move(tell), in);
  return std::make_shared<memory_queue>(limits, in.pool, in.clock, std::move(tell));
}

running_output make_running_output(const output_config& of, const surroundings& in) {
  auto to = of.kind->make(of);
  auto encoding = encoding_of(of, in.known, *to);
  const queue_rules limits = rules_of(of, encoding);

  running_output made{of, nullptr, nullptr};
  made.listener = std::make_unique<queue_listener>(listener_parts{
      of.name, std::move(to), std::make_unique<line_encoder>(std::move(encoding)), limits.stall_after,
      [say = &in.say](severity how, std::string_view text) { say->say(how, text); }, [with = in.common] { with->events.signal(); }});
  made.lines = make_queue(of, limits, events_of(of.name, limits.capacity_bytes, *made.listener, in), in);
  return made;
}

}  // namespace logrelay
