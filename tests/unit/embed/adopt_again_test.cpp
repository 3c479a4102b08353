// What is adopted already, cannot be, or is not there.
#include <unit/embed/adopted_program.hpp>

#include <logrelay/error.hpp>

#include <spdlog/spdlog.h>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace logrelay {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using support::eventually;
using support::patience;
using lines = std::vector<std::string>;

bool written_by_another_thread(const adopted_program& my, const std::string& text) {
  my.log->info(text);
  REQUIRE(eventually([&] { return my.out->count() > 0 && my.out->lines().back() == text; }));
  return my.out->last_thread() != std::this_thread::get_id();
}

/// At most so many descriptors more than now.
class few_descriptors {
 public:
  explicit few_descriptors(int more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    const int next = ::dup(STDERR_FILENO);
    ::close(next);
    few.rlim_cur = static_cast<rlim_t>(next + more);
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~few_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  few_descriptors(const few_descriptors&) = delete;
  few_descriptors& operator=(const few_descriptors&) = delete;

 private:
  rlimit before_{};
};

/// No thread finds memory for its stack.
class no_threads {
 public:
  no_threads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge = before_;
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 47);
    REQUIRE(::pthread_setattr_default_np(&huge) == 0);
  }
  ~no_threads() { ::pthread_setattr_default_np(&before_); }
  no_threads(const no_threads&) = delete;
  no_threads& operator=(const no_threads&) = delete;

 private:
  pthread_attr_t before_{};
};

}  // namespace

TEST_CASE("adopt again: a logger is adopted anew after a stop, into the same variable or another") {
  const adopted_program my;
  {
    auto queued = adopt(my.log);
    queued.stop(patience);
    queued = adopt(my.log);
    CHECK(queued.report().sinks.size() == 1);
    CHECK(written_by_another_thread(my, "the same"));
    queued.stop(patience);
    auto other = adopt(my.log);
    CHECK(written_by_another_thread(my, "another"));
    queued = std::move(other);
    CHECK(written_by_another_thread(my, "moved"));
    queued.stop(patience);
    queued.add(my.log);
    CHECK(written_by_another_thread(my, "added"));
  }
  CHECK(my.log->sinks().front() == my.out);
  CHECK(my.out->lines() == lines{"the same", "another", "moved", "added"});
}

TEST_CASE("adopt again: what another has adopted stays its own, with a warning") {
  const adopted_program my;
  const auto queued = adopt(my.log);
  const auto ours = my.log->sinks().front();
  CHECK_THAT(said([&] {
               const auto other = adopt(my.log);
               CHECK(other.report().sinks.empty());
             }),
             Contains("warning: logger 'app' is adopted already"));
  CHECK(my.log->sinks().front() == ours);
  CHECK(written_by_another_thread(my, "still"));
}

TEST_CASE("adopt again: what is added twice is one, and nothing is said") {
  const adopted_program my;
  auto queued = adopt(my.log);
  CHECK(said([&] { queued.add(my.log); }).empty());
  CHECK(queued.report().sinks.size() == 1);
}

TEST_CASE("adopt again: assignment first lets go of what was held") {
  const adopted_program my, other;
  auto queued = adopt(my.log), its = adopt(other.log);
  queued = std::move(its);
  CHECK(my.log->sinks().front() == my.out);
  CHECK(written_by_another_thread(other, "adopted"));
}

TEST_CASE("adopt again: two that share a sink take turns in it") {
  const adopted_program my;
  const auto second = std::make_shared<spdlog::logger>("second", my.out);
  my.out->hang();
  auto one = adopt(my.log), other = adopt(second);
  my.log->info("one");
  wait_inside(*my.out);
  second->info("other");
  CHECK_FALSE(eventually([&] { return my.out->entered() > 1; }, 100ms));
  my.out->go_on();
  one.stop(patience);
  other.stop(patience);
  CHECK(my.out->lines() == lines{"one", "other"});
}

TEST_CASE("adopt again: a sink for which there are no descriptors is an error, and all sinks are back") {
  const auto one = std::make_shared<scripted_sink>(), other = std::make_shared<scripted_sink>();
  const auto log = std::make_shared<spdlog::logger>("app", spdlog::sinks_init_list{one, other});
  const std::vector<spdlog::sink_ptr> before{one, other};
  int more = 0;
  for (bool adopted = false; !adopted && more < 100; ++more) {
    const few_descriptors now(more);
    try {
      const auto queued = adopt(log);
      adopted = true;
    } catch (const error&) {
    }
    CHECK(log->sinks() == before);
  }
  CHECK(more > 2);  // at one of these the first sink had its descriptors, and the second had not
}

TEST_CASE("adopt again: a sink for which there is no thread is an error, and all sinks are back") {
  const adopted_program my;
  {
    const no_threads now;
    CHECK_THROWS_WITH(adopt(my.log), Contains("unable to start a thread for output 'app'"));
  }
  CHECK(my.log->sinks().front() == my.out);
  const auto queued = adopt(my.log);
  CHECK(written_by_another_thread(my, "later"));
}

TEST_CASE("adopt again: a logger that is not there is an error") {
  CHECK_THROWS_WITH(adopt(spdlog::get("no such logger")), Contains("there is none"));
}

TEST_CASE("adopt again: what was moved from holds nothing, and takes nothing") {
  const adopted_program my;
  auto queued = adopt(my.log);
  auto heir = std::move(queued);
  CHECK(queued.report().sinks.empty());
  CHECK(queued.flush(0ms));
  CHECK(queued.stop(0ms).sinks.empty());
  CHECK_THROWS_WITH(queued.add(my.log), Contains("moved from"));
  CHECK(heir.report().sinks.size() == 1);
}

TEST_CASE("adopt again: reports tell loggers of one name apart") {
  const adopted_program my, other, third;
  third.log->sinks().push_back(std::make_shared<scripted_sink>());
  auto queued = adopt(my.log);
  queued.add(other.log);
  queued.add(third.log);
  lines names;
  for (const auto& each : queued.report().sinks) names.push_back(each.name);
  CHECK(names == lines{"app", "app (2)", "app#1", "app#2"});
}

}  // namespace logrelay
