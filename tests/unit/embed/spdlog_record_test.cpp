#include <logrelay/embed/spdlog_record.hpp>

#include <catch2/catch.hpp>

#include <string>

namespace logrelay {
namespace {

std::string packed(const program_record& one) {
  std::string bytes(packed_size(one), '\0');
  pack(one, bytes.data());
  return bytes;
}

std::string text(spdlog::string_view_t view) { return {view.data(), view.size()}; }

const wall_time noon = wall_time(std::chrono::hours(12));

}  // namespace

TEST_CASE("spdlog record: a message is the same again, with all that it has") {
  spdlog::details::log_msg before(noon, {"net.cpp", 42, "connect"}, "net", spdlog::level::warn, "refused");
  before.thread_id = 7;
  const auto bytes = packed(record_of(before));
  const auto after = message_of(bytes, {});
  CHECK(after.time == before.time);
  CHECK(after.thread_id == 7);
  CHECK(after.level == spdlog::level::warn);
  CHECK(text(after.logger_name) == "net");
  CHECK(text(after.payload) == "refused");
  CHECK(std::string(after.source.filename) == "net.cpp");
  CHECK(after.source.line == 42);
  CHECK(std::string(after.source.funcname) == "connect");
}

TEST_CASE("spdlog record: a message without a place has none again, and an empty one stays empty") {
  const spdlog::details::log_msg before(noon, {}, {}, spdlog::level::info, {});
  const auto bytes = packed(record_of(before));
  const auto after = message_of(bytes, {});
  CHECK(after.source.empty());
  CHECK(after.logger_name.size() == 0);
  CHECK(after.payload.size() == 0);
}

TEST_CASE("spdlog record: of a place whose names are empty, none is read beyond its end") {
  const std::string file = GENERATE("", "main.cpp"), function = file.empty() ? "main" : "";
  const spdlog::details::log_msg message(spdlog::source_loc{file.c_str(), 42, function.c_str()}, "app", spdlog::level::info, "text");
  const auto bytes = packed(record_of(message));
  const auto again = message_of(bytes, {});
  CHECK(again.source.filename == file);
  CHECK(again.source.funcname == function);
  CHECK(again.source.line == 42);
}

TEST_CASE("spdlog record: each of spdlog's levels has one of ours, and keeps its own") {
  struct {
    spdlog::level::level_enum own;
    level ours;
  } const pairs[] = {{spdlog::level::trace, level::debug}, {spdlog::level::debug, level::debug}, {spdlog::level::info, level::info},
                     {spdlog::level::warn, level::warning}, {spdlog::level::err, level::err},    {spdlog::level::critical, level::crit},
                     {spdlog::level::off, level::crit}};
  for (const auto& each : pairs) {
    const spdlog::details::log_msg before(noon, {}, "net", each.own, "text");
    const auto record = record_of(before);
    CHECK(record.severity == each.ours);
    const auto bytes = packed(record);
    CHECK(message_of(bytes, {}).level == each.own);
  }
}

TEST_CASE("spdlog record: a number that is no level of spdlog's does not reach its tables") {
  program_record one;
  one.own_level = 200;
  const auto bytes = packed(one);
  CHECK(message_of(bytes, {}).level == spdlog::level::off);
}

TEST_CASE("spdlog record: a notice between records becomes a warning of ours, made now") {
  const auto message = message_of("12 lines were dropped", noon);
  CHECK(message.level == spdlog::level::warn);
  CHECK(text(message.logger_name) == "logrelay");
  CHECK(text(message.payload) == "12 lines were dropped");
  CHECK(message.time == noon);
}

}  // namespace logrelay
