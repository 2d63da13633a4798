#include "exporter/telemetry.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "exporter/build_info.h"
#include "exporter/log.h"
#include "tests/support/fakes.h"

namespace upkeep {
namespace {

using testing::FakeClock;
using testing::FakeFileSystem;
using ::testing::HasSubstr;
using ::testing::Not;

class TelemetryTest : public ::testing::Test {
 protected:
  std::string page() {
    sink_.begin();
    telemetry.collect(sink_);
    Samples samples;
    sink_.publish(samples);
    return text_of(samples);
  }
  ~TelemetryTest() override { ::close(full_); }

 private:
  int full_ = ::open("/dev/full", O_WRONLY | O_CLOEXEC);

 protected:
  FakeFileSystem fs;
  FakeClock clock;
  Log log{LogLevel::kInfo, LogFormat::kLogfmt, full_};
  Telemetry telemetry{fs, clock, log};

 private:
  SampleSink sink_{1000};
};

TEST_F(TelemetryTest, AtTheStart) {
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr(std::string("\nupkeep_build_info{version=\"") + build_info::kVersion + "\",revision=\"" +
                              build_info::kRevision + "\",branch=\"" + build_info::kBranch + "\",compiler=\"" +
                              build_info::kCompiler + "\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(std::string("\nnode_exporter_build_info{version=\"") + build_info::kVersion));
  EXPECT_THAT(text, HasSubstr("goversion=\"\",goos=\"linux\",goarch=\""));
  EXPECT_THAT(text, HasSubstr("# TYPE upkeep_http_responses_total counter\n"
                              "upkeep_http_responses_total{handler=\"metrics\",code=\"200\"} 0\n"
                              "upkeep_http_responses_total{handler=\"metrics\",code=\"500\"} 0\n"
                              "upkeep_http_responses_total{handler=\"metrics\",code=\"503\"} 0\n#"));
  EXPECT_THAT(text, HasSubstr("\nupkeep_http_scrapes_in_flight 0\n"));
  EXPECT_THAT(text, HasSubstr("\nupkeep_http_connections_refused_total 0\n"));
  EXPECT_THAT(text, HasSubstr("\nupkeep_log_dropped_total 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("reload")));
}

TEST_F(TelemetryTest, CountsResponsesAndNoLabelFromOutside) {
  telemetry.count_response("metrics", 200);
  telemetry.count_response("metrics", 200);
  telemetry.count_response("ready", 503);
  telemetry.count_response("other", 404);
  telemetry.count_response("/etc/passwd\"", 404);
  telemetry.count_response("landing", 418);
  telemetry.count_response("landing", -1);
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("{handler=\"metrics\",code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{handler=\"ready\",code=\"503\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{handler=\"other\",code=\"404\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{handler=\"landing\",code=\"other\"} 2\n"));
}

TEST_F(TelemetryTest, Scrapes) {
  telemetry.scrape_began();
  telemetry.scrape_began();
  telemetry.scrape_ended();
  telemetry.connection_refused();
  EXPECT_THAT(page(), HasSubstr("\nupkeep_http_scrapes_in_flight 1\n"));
  EXPECT_THAT(page(), HasSubstr("\nupkeep_http_connections_refused_total 1\n"));
}

TEST_F(TelemetryTest, Reloads) {
  telemetry.reloaded(false);
  EXPECT_THAT(page(), HasSubstr("\nupkeep_config_last_reload_successful 0\n"));
  EXPECT_THAT(page(), Not(HasSubstr("timestamp")));
  clock.set_wall(1'700'000'123.75);
  telemetry.reloaded(true);
  clock.set_wall(1'700'000'999);
  EXPECT_THAT(page(), HasSubstr("\nupkeep_config_last_reload_successful 1\n"));
  EXPECT_THAT(page(), HasSubstr("\nupkeep_config_last_reload_success_timestamp_seconds 1700000123\n"));
  telemetry.reloaded(false);
  EXPECT_THAT(page(), HasSubstr("\nupkeep_config_last_reload_successful 0\n"));
  EXPECT_THAT(page(), HasSubstr("\nupkeep_config_last_reload_success_timestamp_seconds 1700000123\n"));
}

TEST_F(TelemetryTest, LinesThatWereNeverWritten) {
  log.info("into a full disk");
  ASSERT_TRUE(log.flush(std::chrono::seconds(10)));
  EXPECT_THAT(page(), HasSubstr("\nupkeep_log_dropped_total 1\n"));
}

TEST_F(TelemetryTest, FromManyThreads) {
  {
    std::array<std::jthread, 4> threads;
    for (auto& thread : threads) {
      thread = std::jthread([&] {
        for (int i = 0; i < 1000; ++i) telemetry.count_response("healthy", 200);
      });
    }
    page();
  }
  EXPECT_THAT(page(), HasSubstr("{handler=\"healthy\",code=\"200\"} 4000\n"));
}

TEST_F(TelemetryTest, DeclaresEveryFamilyItAdds) {
  telemetry.reloaded(true);
  std::string names;
  for (const MetricDesc* desc : Telemetry::metrics()) names += "# TYPE " + std::string(desc->name) + " \n";
  const std::string text = page();
  for (std::size_t at = text.find("# TYPE "); at != std::string::npos; at = text.find("# TYPE ", at + 1)) {
    const std::string declaration = text.substr(at, text.find(' ', at + 7) - at + 1);
    EXPECT_THAT(names, HasSubstr(declaration));
  }
}

}  // namespace
}  // namespace upkeep
