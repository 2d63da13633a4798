// The collector beside real sockets of this test.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "collectors/probes/prober.h"
#include "tests/support/collect.h"
#include "tests/support/tcp_server.h"

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

// On the real clock: what is asked is real, too.
class Watched {
 public:
  explicit Watched(const std::string& text) : document_("upkeep.yml", text) {
    ConfigReader root = document_.root();
    collector_ = *probes_collector.make(root, environment_);
  }
  [[nodiscard]] std::vector<std::string> mistakes() const { return document_.mistakes(); }
  std::string samples() {
    SampleSink sink(1000);
    sink.begin();
    const Result<> result = collector_->collect({.deadline = clock_.now() + 1s, .stop = {}}, sink);
    EXPECT_TRUE(result) << result.error().message;
    return testing::samples_of(sink);
  }
  // Once they hold it.
  std::string samples_with(const std::string& text) {
    const auto give_up = clock_.now() + 20s;
    std::string all;
    do {
      all = samples();
      std::this_thread::yield();
    } while (all.find(text) == std::string::npos && clock_.now() < give_up);
    EXPECT_NE(all.find(text), std::string::npos) << all;
    return all;
  }

 private:
  testing::FakeFileSystem fs_;
  testing::FakeKernel kernel_;
  SystemClock clock_;
  Environment environment_{fs_, kernel_, clock_, testing::no_log()};
  ConfigDocument document_;
  std::unique_ptr<Collector> collector_;
};

TEST(Probes, WithoutTargetsDoNothing) { EXPECT_EQ(Watched("{}").samples(), ""); }

TEST(Probes, SayAllOfATargetThatWasNotAskedYet) {
  testing::World world;
  world.config = "targets: [{name: a, url: 'http://127.0.0.1:1/'}]";
  const std::string samples = world.samples(probes_collector);
  for (const char* line : {"upkeep_probe_runs_total{target=\"a\",module=\"http\"} 0\n",
                           "upkeep_probe_consecutive_failures{target=\"a\",module=\"http\"} 0\n",
                           "upkeep_probe_last_run_timestamp_seconds{target=\"a\",module=\"http\"} 0\n",
                           "upkeep_probe_slow_threshold_seconds{target=\"a\",module=\"http\"} 1\n",
                           "upkeep_probe_info{target=\"a\",module=\"http\",endpoint=\"http://127.0.0.1:1/\"} 1\n"})
    EXPECT_NE(samples.find(line), std::string::npos) << line << samples;
}

TEST(Probes, AskAndTell) {
  const testing::TcpServer good(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLast-Modified: Thu, 01 Jan 1970 00:01:40 GMT\r\n\r\nok");
  const testing::TcpServer ill("HTTP/1.1 503 Ill\r\nContent-Length: 0\r\n\r\n");
  Watched watched("{interval: 1s, targets: [{name: good, url: 'http://127.0.0.1:" + std::to_string(good.port()) +
                  "/'}, {name: ill, retries: 0, url: 'http://127.0.0.1:" + std::to_string(ill.port()) + "/'}]}");
  ASSERT_EQ(watched.mistakes(), std::vector<std::string>{});
  std::string samples = watched.samples_with("probe_success{target=\"good\",module=\"http\"} 1\n");
  for (const char* line : {"probe_http_status_code{target=\"good\",module=\"http\"} 200\n",
                           "probe_http_last_modified_timestamp_seconds{target=\"good\",module=\"http\"} 100\n",
                           "probe_http_content_length{target=\"good\",module=\"http\"} 2\n",
                           "probe_http_version{target=\"good\",module=\"http\"} 1.1\n"})
    EXPECT_NE(samples.find(line), std::string::npos) << line << samples;
  samples = watched.samples_with("probe_success{target=\"ill\",module=\"http\"} 0\n");
  EXPECT_NE(samples.find("probe_failure_info{target=\"ill\",module=\"http\",reason=\"status\"} 1\n"),
            std::string::npos);
  watched.samples_with("upkeep_probe_consecutive_failures{target=\"ill\",module=\"http\"} 2\n");
}

TEST(Probes, EndWhileSomethingHangs) {
  const testing::TcpServer silent("");
  const SystemClock clock;
  auto began = clock.now();
  {
    Watched watched("{targets: [{name: a, url: 'http://127.0.0.1:" + std::to_string(silent.port()) + "/'}]}");
    watched.samples_with("upkeep_probes_under_way 1\n");
    began = clock.now();
  }
  EXPECT_LT(clock.now() - began, 2s);
}

}  // namespace
}  // namespace upkeep::probes
