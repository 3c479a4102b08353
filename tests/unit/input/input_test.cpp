#include <logrelay/config.hpp>
#include <logrelay/input/input.hpp>

#include <catch2/catch.hpp>

namespace logrelay {
namespace {

class silent_input final : public input {
 public:
  using input::input;
  void start(reader&) override {}
  void stop(stop_kind) noexcept override {}
};

input_config config_of(const std::string& endpoint) {
  static const auto known = standard_registries();
  mistakes wrong;
  auto config = make_config({{endpoint}, {"null:"}, {}}, known, wrong);
  REQUIRE(wrong.empty());
  return config.inputs.front();
}

TEST_CASE("an input cuts lines as its options say") {
  const silent_input plain(config_of("fifo:f"));
  CHECK(plain.rules().frames == framing::newline);
  CHECK(plain.rules().max_line == 1024 * 1024);
  CHECK(plain.rules().long_lines == long_line_action::split);

  const silent_input special(config_of("fifo:f,framing=octet,max-line=10,max-line-action=drop"));
  CHECK(special.rules().frames == framing::octet);
  CHECK(special.rules().max_line == 10);
  CHECK(special.rules().long_lines == long_line_action::drop);
}

TEST_CASE("the source of a line knows its input and peer and how to read its level") {
  silent_input one(config_of("fifo:f,name=app,decode=prefix,default-level=notice"));
  one.place(7);
  const auto from = one.source_for("192.0.2.1:514");
  CHECK(from->input == 7);
  CHECK(from->input_name == "app");
  CHECK(from->peer == "192.0.2.1:514");
  CHECK(from->stream.empty());
  CHECK(from->decode == decoding::prefix);
  CHECK(from->default_level == level::notice);
}

}  // namespace
}  // namespace logrelay
