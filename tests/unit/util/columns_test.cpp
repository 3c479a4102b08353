#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <logrelay/util/columns.hpp>

#include <string>

using logrelay::columns;

TEST_CASE("a label has its text beside it", "[columns]") {
  columns help;
  help.entry(2, "--report FILE", "Writes a report.");
  CHECK(help.text() == "  --report FILE           Writes a report.\n");
}

TEST_CASE("a label that is too long has its text below it", "[columns]") {
  columns help;
  help.entry(2, std::string(22, 'x'), "Text.");
  help.entry(2, std::string(23, 'x'), "Text.");
  CHECK(help.text() == fmt::format("  {:x<22}  Text.\n  {:x<23}\n{:26}Text.\n", "", "", ""));
}

TEST_CASE("text goes on below itself within the width", "[columns]") {
  columns help;
  help.entry(0, "label", fmt::format("{:a<30} {:b<22} c", "", ""));
  CHECK(help.text() == fmt::format("{:26}{:a<30} {:b<22}\n{:26}c\n", "label", "", "", ""));
}

TEST_CASE("a word that is wider than the terminal is not broken", "[columns]") {
  columns help;
  help.paragraph(fmt::format("a {:b<100}  c", ""));
  CHECK(help.text() == fmt::format("a\n{:b<100}\nc\n", ""));
}

TEST_CASE("an entry without text is its label", "[columns]") {
  columns help;
  help.entry(2, "raw", "");
  help.line("");
  help.line("Outputs:");
  CHECK(help.text() == "  raw\n\nOutputs:\n");
}
