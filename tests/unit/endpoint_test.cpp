#include <catch2/catch.hpp>
#include <logrelay/endpoint.hpp>

#include <ostream>

using namespace logrelay;
using texts = std::vector<std::string>;

namespace {

/// Parses what has to be right.
endpoint parse(std::string_view text) {
  mistakes wrong;
  endpoint read = parse_endpoint(text, wrong);
  CHECK(wrong.texts() == texts{});
  CHECK(read.text == text);
  return read;
}

texts wrong_with(std::string_view text) {
  mistakes wrong;
  (void)parse_endpoint(text, wrong);
  return wrong.texts();
}

struct address {
  host_port read;
  texts wrong;
};
address parse_address(std::string_view text) {
  mistakes wrong;
  host_port read = parse_host_port(text, "output 'x'", wrong);
  return {std::move(read), wrong.texts()};
}

}  // namespace

TEST_CASE("a port is added where none is named") {
  CHECK(with_default_port("host", "514") == "host:514");
  CHECK(with_default_port("host:1", "514") == "host:1");
  CHECK(with_default_port("[::1]", "514") == "[::1]:514");
  CHECK(with_default_port("[::1]:1", "514") == "[::1]:1");
  CHECK(with_default_port("", "514") == ":514");
  CHECK(with_default_port(":1", "514") == ":1");
}

TEST_CASE("a plain word is a file", "[endpoint]") {
  for (const char* text : {"app.log", "/var/log/app.log", "./a:b", "a/b:c", "app.log:1", ":514", "logs.example.com:514",
                           "-app", "-a:b", "a b:c"}) {
    const endpoint it = parse(text);
    CHECK(it.scheme == "file");
    CHECK(it.rest == text);
    CHECK(it.where == text);
    CHECK_FALSE(it.slashes);
  }
}

TEST_CASE("a lone dash is its own scheme with and without options", "[endpoint]") {
  CHECK(parse("-").scheme == "-");
  CHECK(parse("-").rest.empty());
  const endpoint it = parse("-,name=out");
  CHECK(it.scheme == "-");
  CHECK(it.where == "-");
  CHECK(it.options == given_options{{"name", "out"}});
}

TEST_CASE("a word before the first colon is a scheme", "[endpoint]") {
  CHECK(parse("unix:/run/log").scheme == "unix");
  CHECK(parse("unix:/run/log").rest == "/run/log");
  CHECK(parse("fd:3").rest == "3");
  CHECK(parse("stderr:").scheme == "stderr");
  CHECK(parse("stderr:").rest.empty());
  CHECK(parse("12:30").scheme == "12");
  CHECK(parse("a+b-C:x").scheme == "a+b-C");
  CHECK(parse("file:a:b").rest == "a:b");
}

TEST_CASE("two slashes behind a scheme are taken away and remembered", "[endpoint]") {
  const endpoint it = parse("tcp://[::1]:514");
  CHECK(it.scheme == "tcp");
  CHECK(it.rest == "[::1]:514");
  CHECK(it.slashes);
  CHECK(it.where == "tcp://[::1]:514");
  CHECK_FALSE(parse("tcp:[::1]:514").slashes);
  CHECK(parse("unix:///run/log").rest == "/run/log");
}

TEST_CASE("a suffix is an option when it has the form of one", "[endpoint]") {
  const endpoint it = parse("app.log,rotate=64M,keep-size=1G,3=x");
  CHECK(it.rest == "app.log");
  CHECK(it.where == "app.log");
  CHECK(it.options == given_options{{"rotate", "64M"}, {"keep-size", "1G"}, {"3", "x"}});
}

TEST_CASE("a suffix of another form belongs to what it follows", "[endpoint]") {
  CHECK(parse("a,b.log").rest == "a,b.log");
  CHECK(parse("a,").rest == "a,");
  CHECK(parse("a,=b").rest == "a,=b");
  CHECK(parse("a,B=c").rest == "a,B=c");
  CHECK(parse("a=b").rest == "a=b");
  CHECK(parse("exec:awk -F, x").rest == "awk -F, x");
  CHECK(parse("x,match=a{1,3},keep=2").options == given_options{{"match", "a{1,3}"}, {"keep", "2"}});
}

TEST_CASE("two commas are one that begins no option", "[endpoint]") {
  CHECK(parse("a,,b=c").rest == "a,b=c");
  CHECK(parse("a,,b=c").where == "a,,b=c");
  CHECK(parse("a,,,b=c").rest == "a,");
  CHECK(parse("a,,,b=c").options == given_options{{"b", "c"}});
  CHECK(parse("x,match=a,,b=c").options == given_options{{"match", "a,b=c"}});
  CHECK(parse("x,match=,,").options == given_options{{"match", ","}});
}

TEST_CASE("a value may be empty or hold an equals sign or a colon", "[endpoint]") {
  CHECK(parse("x,a=,b==,c=d:e").options == given_options{{"a", ""}, {"b", "="}, {"c", "d:e"}});
}

TEST_CASE("nothing has a meaning inside quotes", "[endpoint]") {
  CHECK(parse("x,match='a,b=c,,\"',name=y").options == given_options{{"match", "a,b=c,,\""}, {"name", "y"}});
  CHECK(parse("x,match=\"it's\"").options == given_options{{"match", "it's"}});
  CHECK(parse("x,match=''").options == given_options{{"match", ""}});
}

TEST_CASE("a quote inside a value is a letter", "[endpoint]") {
  CHECK(parse("x,match=it's,name=y").options == given_options{{"match", "it's"}, {"name", "y"}});
  CHECK(parse("it's,name=y").rest == "it's");
}

TEST_CASE("an endpoint that is nothing is a mistake", "[endpoint]") {
  CHECK(wrong_with("") == texts{"an endpoint is missing or empty: write a file, '-' or SCHEME:…"});
  CHECK(wrong_with(",keep=1") == texts{"endpoint ',keep=1' names nothing before its options"});
}

TEST_CASE("a quote that does not enclose the whole value is a mistake", "[endpoint]") {
  CHECK(wrong_with("x,match='a") == texts{"endpoint 'x,match='a': the quote of option 'match' is not closed"});
  CHECK(wrong_with("x,match='") == texts{"endpoint 'x,match='': the quote of option 'match' is not closed"});
  CHECK(wrong_with("x,match='a'b,keep=1") ==
        texts{"endpoint 'x,match='a'b,keep=1': 'b' stands behind the quoted value of option 'match': quote all of it"});
}

TEST_CASE("a host and a port are told apart", "[endpoint]") {
  const auto check = [](std::string_view text, std::string_view host, std::string_view port) {
    const address it = parse_address(text);
    CHECK(it.wrong == texts{});
    CHECK(it.read.host == host);
    CHECK(it.read.port == port);
  };
  check("logs.example.com:514", "logs.example.com", "514");
  check("127.0.0.1:0", "127.0.0.1", "0");
  check(":65535", "", "65535");
  check("[::1]:514", "::1", "514");
  check("[fe80::1%eth0]:514", "fe80::1%eth0", "514");
}

TEST_CASE("a port that is missing or none is a mistake", "[endpoint]") {
  for (const char* text : {"", "host", "[::1]", "[::1]514", "[::1", "[:1"}) {
    const address it = parse_address(text);
    REQUIRE(it.wrong.size() == 1);
    CHECK(it.read.port.empty());
  }
  CHECK(parse_address("host").wrong == texts{"output 'x': 'host' is no HOST:PORT"});
  for (const char* port : {"", "65536", "-1", "+1", "syslog", "514/x", " 514", "18446744073709551617"})
    CHECK(parse_address(std::string("host:") + port).wrong ==
          texts{"output 'x': '" + std::string(port) + "' is no port: write a number from 0 to 65535"});
}

TEST_CASE("a host that cannot be one is a mistake", "[endpoint]") {
  CHECK(parse_address("::1:514").wrong ==
        texts{"output 'x': '::1:514' has more than one ':': write an IPv6 address as [::1]:514"});
  CHECK(parse_address("tcp://host:514").wrong == texts{"output 'x': 'tcp://host:514' has a scheme: leave 'tcp://' out"});
  CHECK(parse_address("[]:514").wrong == texts{"output 'x': '[]' is no IPv6 address"});
  CHECK(parse_address("[host]:514").wrong == texts{"output 'x': '[host]' is no IPv6 address"});
  for (const char* host : {"a/b", "a b", "user@host", "a]", "[a]b"})
    CHECK(parse_address(std::string(host) + ":514").wrong.size() == 1);
}
