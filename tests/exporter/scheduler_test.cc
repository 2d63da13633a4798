#include "exporter/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <latch>

#include "tests/support/fakes.h"

namespace upkeep {
namespace {

using namespace std::chrono_literals;
using testing::FakeClock;

constexpr MetricDesc kValue = gauge("upkeep_test_value", "A value.");
constexpr MetricDesc kOther = gauge("upkeep_test_other", "Another value.");

class Fake final : public Collector {
 public:
  using Function = std::function<Result<>(const upkeep::Run&, SampleSink&)>;
  explicit Fake(Function function) : function_(std::move(function)) {}
  Result<> collect(const upkeep::Run& run, SampleSink& out) override { return function_(run, out); }

 private:
  Function function_;
};

constexpr CollectorType kOnScrape{.name = "fast", .section = "host", .help = "Fast.", .node_exporter = true};
constexpr CollectorType kOnScrapeToo{.name = "other", .section = "host", .help = "Fast too."};
constexpr CollectorType kOnInterval{.name = "slow", .section = "slow", .help = "Slow.", .cadence = Cadence::kInterval};

struct SchedulerTest : ::testing::Test {
  FakeClock clock;
  Log log{LogLevel::kError, LogFormat::kLogfmt};

  std::shared_ptr<Instance> make(const CollectorType& type, Fake::Function function,
                                 std::chrono::milliseconds interval = 15s) {
    return std::make_shared<Instance>(type, "", std::make_unique<Fake>(std::move(function)), clock, interval,
                                      type.timeout);
  }
  static Fake::Function adds(const MetricDesc& desc, double value) {
    return [&desc, value](const upkeep::Run&, SampleSink& out) -> Result<> {
      out.add(desc, value);
      return {};
    };
  }
};

bool holds(const std::shared_ptr<const Page>& page, std::string_view line) {
  return ("\n" + std::string(page->text())).find("\n" + std::string(line) + "\n") != std::string::npos;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

using InstanceTest = SchedulerTest;

TEST_F(InstanceTest, PublishesWhatWasAddedBesideTheError) {
  const auto instance = make(kOnScrape, [](const upkeep::Run&, SampleSink& out) -> Result<> {
    out.add(kValue, 1);
    return fail(ErrorCode::kParse, "proc/x: half a line");
  });
  EXPECT_TRUE(instance->run({}));
  ASSERT_TRUE(instance->snapshot());
  EXPECT_NE(text_of(instance->snapshot()->samples).find("upkeep_test_value 1\n"), std::string::npos);
  EXPECT_EQ(instance->status().outcome, Outcome::kError);
  EXPECT_EQ(instance->error(), "proc/x: half a line");
  EXPECT_EQ(instance->status().errors, 1U);
  EXPECT_FALSE(instance->status().last_success);
}

TEST_F(InstanceTest, AnExceptionIsAnError) {
  const auto instance =
      make(kOnScrape, [](const upkeep::Run&, SampleSink&) -> Result<> { throw std::runtime_error("out of luck"); });
  EXPECT_TRUE(instance->run({}));
  EXPECT_EQ(instance->error(), "unexpected: out of luck");
  const auto odd = make(kOnScrape, [](const upkeep::Run&, SampleSink&) -> Result<> { throw 7; });
  EXPECT_TRUE(odd->run({}));
  EXPECT_EQ(odd->error(), "unexpected: an exception of unknown type");
}

TEST_F(InstanceTest, NothingHereIsNoFailure) {
  const auto instance = make(
      kOnScrape, [](const upkeep::Run&, SampleSink&) -> Result<> { return fail(ErrorCode::kNoData, "no arrays"); });
  instance->run({});
  EXPECT_EQ(instance->status().outcome, Outcome::kNoData);
  EXPECT_EQ(instance->status().errors, 0U);
  EXPECT_TRUE(instance->status().last_success);
}

TEST_F(InstanceTest, TellsTheCollectorItsDeadline) {
  std::optional<Clock::duration> left;
  const auto instance = make(kOnScrape, [&](const upkeep::Run& run, SampleSink&) -> Result<> {
    left = run.deadline - clock.now();
    return {};
  });
  instance->run({});
  EXPECT_EQ(left, kOnScrape.timeout);
}

TEST_F(InstanceTest, ShowsALateRunAndWithdrawsOldSamples) {
  std::latch begun(1);
  std::promise<void> released;
  bool first = true;
  const auto instance = make(kOnInterval, [&](const upkeep::Run&, SampleSink& out) -> Result<> {
    out.add(kValue, 1);
    if (std::exchange(first, false)) return {};
    begun.count_down();
    released.get_future().wait();
    return {};
  });
  instance->run({});
  EXPECT_TRUE(instance->snapshot());
  std::thread stuck([&] { instance->run({}); });
  begun.wait();
  EXPECT_FALSE(instance->run({})) << "two runs at a time";
  EXPECT_FALSE(instance->status().overdue);
  clock.advance(kOnInterval.timeout + 1s);
  EXPECT_TRUE(instance->status().overdue);
  EXPECT_EQ(instance->status().running, kOnInterval.timeout + 1s);
  EXPECT_TRUE(instance->snapshot()) << "still fresh enough";
  clock.advance(instance->stale_after());
  EXPECT_FALSE(instance->snapshot());
  EXPECT_TRUE(instance->status().stale);
  released.set_value();
  stuck.join();
  EXPECT_TRUE(instance->snapshot());
  EXPECT_FALSE(instance->status().running);
}

TEST_F(InstanceTest, TellsOfChangesOnce) {
  bool works = false;
  const auto instance = make(kOnScrape, [&](const upkeep::Run&, SampleSink&) -> Result<> {
    if (works) return {};
    return fail(ErrorCode::kSystem, "broken");
  });
  const auto f = [&] {
    instance->run({});
    return instance->take_change();
  };
  EXPECT_TRUE(f());
  EXPECT_FALSE(f());
  works = true;
  EXPECT_TRUE(f());
  EXPECT_FALSE(f());
}

TEST_F(SchedulerTest, AScrapeRunsWhatIsOnScrapeAndJoinsWhatIsNot) {
  const auto slow = make(kOnInterval, adds(kOther, 2));
  Scheduler scheduler({make(kOnScrape, adds(kValue, 1)), slow}, clock, log, {});
  auto page = scheduler.scrape(clock.now() + 1s);
  EXPECT_TRUE(holds(page, "upkeep_test_value 1"));
  EXPECT_FALSE(holds(page, "upkeep_test_other 2")) << "its thread was not started";
  EXPECT_TRUE(holds(page, "upkeep_collector_success{collector=\"slow\"} 0"));
  slow->run({});
  page = scheduler.scrape(clock.now() + 1s);
  EXPECT_TRUE(holds(page, "upkeep_test_other 2"));
  EXPECT_TRUE(holds(page, "upkeep_collector_success{collector=\"slow\"} 1"));
  EXPECT_TRUE(holds(page, "upkeep_collector_runs_total{outcome=\"success\",collector=\"fast\"} 2"));
  EXPECT_TRUE(holds(page, "node_scrape_collector_success{collector=\"fast\"} 1"));
}

TEST_F(SchedulerTest, ConcurrentScrapesShareOneRun) {
  std::latch begun(1);
  std::promise<void> released;
  std::atomic<int> runs = 0;
  Scheduler scheduler({make(kOnScrape,
                            [&](const upkeep::Run&, SampleSink& out) -> Result<> {
                              if (++runs == 1) {
                                begun.count_down();
                                released.get_future().wait();
                              }
                              out.add(kValue, runs);
                              return {};
                            })},
                      clock, log, {});
  const Clock::time_point deadline = clock.now() + 10s;
  std::vector<std::future<std::shared_ptr<const Page>>> scrapes;
  const auto scrape = [&] { return scheduler.scrape(deadline); };
  scrapes.push_back(std::async(std::launch::async, scrape));
  begun.wait();
  // Each one looks at the clock once before it waits, and holds the lock that the leader needs to land.
  const std::uint64_t asked = clock.asked();
  for (int i = 0; i < 8; ++i) scrapes.push_back(std::async(std::launch::async, scrape));
  ASSERT_TRUE(eventually([&] { return clock.asked() == asked + 8; }));
  released.set_value();
  const auto first = scrapes.front().get();
  for (std::size_t i = 1; i < scrapes.size(); ++i) EXPECT_EQ(scrapes[i].get(), first);
  EXPECT_EQ(runs, 1);
}

TEST_F(SchedulerTest, AStuckCollectorDelaysOneScrapeAndOthersGoRoundIt) {
  std::latch begun(1);
  std::promise<void> released;
  std::atomic<int> runs = 0;
  const auto stuck = make(kOnScrape, [&](const upkeep::Run&, SampleSink& out) -> Result<> {
    if (++runs == 1) {
      begun.count_down();
      released.get_future().wait();
    }
    out.add(kValue, 1);
    return {};
  });
  int count = 0;
  Scheduler scheduler({stuck, make(kOnScrapeToo,
                                   [&](const upkeep::Run&, SampleSink& out) -> Result<> {
                                     out.add(kOther, ++count);
                                     return {};
                                   })},
                      clock, log, {});
  auto first = std::async(std::launch::async, [&] { return scheduler.scrape(clock.now() + 10s); });
  begun.wait();
  // Not overdue yet: a scrape whose deadline is now answers with what is there.
  EXPECT_FALSE(holds(scheduler.scrape(clock.now()), "upkeep_test_other 1"));
  clock.advance(limits::kLeaderOverdue + 1ms);
  auto page = scheduler.scrape(clock.now() + 1s);
  EXPECT_TRUE(holds(page, "upkeep_test_other 1"));
  EXPECT_FALSE(holds(page, "upkeep_test_value 1"));
  clock.advance(kOnScrape.timeout);
  page = scheduler.scrape(clock.now() + 1s);
  EXPECT_TRUE(holds(page, "upkeep_test_other 2"));
  EXPECT_TRUE(holds(page, "upkeep_collector_success{collector=\"fast\"} 0"));
  released.set_value();
  first.get();
  page = scheduler.scrape(clock.now() + 1s);
  EXPECT_TRUE(holds(page, "upkeep_test_value 1")) << "recovered within one scrape";
  EXPECT_TRUE(holds(page, "upkeep_collector_success{collector=\"fast\"} 1"));
}

TEST_F(SchedulerTest, ChoosesCollectorsByName) {
  Scheduler scheduler({make(kOnScrape, adds(kValue, 1)), make(kOnScrapeToo, adds(kOther, 1))}, clock, log, {});
  const std::string names[] = {"other"};
  const auto only = scheduler.scrape_only(names);
  ASSERT_TRUE(only);
  EXPECT_TRUE(holds(*only, "upkeep_test_other 1"));
  EXPECT_FALSE(holds(*only, "upkeep_test_value 1"));
  EXPECT_FALSE(holds(*only, "upkeep_collector_success{collector=\"fast\"} 1"));
  const auto without = scheduler.scrape_without(names);
  ASSERT_TRUE(without);
  EXPECT_FALSE(holds(*without, "upkeep_test_other 1"));
  EXPECT_TRUE(holds(*without, "upkeep_test_value 1"));
  const std::string unknown[] = {"nope"};
  EXPECT_EQ(scheduler.scrape_only(unknown).error().message, "\"nope\" is no enabled collector");
  EXPECT_EQ(scheduler.scrape_without(unknown).error().code, ErrorCode::kNotFound);
}

TEST_F(SchedulerTest, IntervalsRunOnThreadsOfTheirOwn) {
  std::atomic<int> runs = 0;
  const auto count = [&](const upkeep::Run&, SampleSink&) -> Result<> {
    ++runs;
    return {};
  };
  Scheduler scheduler({make(kOnInterval, count, 1ms)}, clock, log, {});
  scheduler.start();
  EXPECT_TRUE(eventually([&] { return runs > 3; }));
  scheduler.stop();
  const int before = runs;
  std::this_thread::yield();
  EXPECT_EQ(runs, before);
}

TEST_F(SchedulerTest, StopLeavesAStuckCollectorBehind) {
  // Goes with the collector, which the thread left behind is the last to hold.
  struct Farewell {
    std::promise<void> said;
    ~Farewell() { said.set_value(); }
  };
  auto farewell = std::make_shared<Farewell>();
  auto gone = farewell->said.get_future();
  std::promise<void> released;
  std::atomic<bool> begun = false;
  auto stuck = make(kOnInterval, [&, farewell = std::move(farewell)](const upkeep::Run&, SampleSink&) -> Result<> {
    begun = true;
    released.get_future().wait();
    return {};
  });
  auto scheduler = std::make_unique<Scheduler>(std::vector{std::move(stuck)}, clock, log, Scheduler::OwnMetrics{});
  scheduler->start();
  ASSERT_TRUE(eventually([&] { return begun.load(); }));
  const auto before = std::chrono::steady_clock::now();
  scheduler.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, limits::kShutdown + 500ms);
  EXPECT_EQ(gone.wait_for(0s), std::future_status::timeout) << "its thread keeps what it uses";
  released.set_value();
  EXPECT_EQ(gone.wait_for(20s), std::future_status::ready);
}

}  // namespace
}  // namespace upkeep
