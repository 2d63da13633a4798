#include "collectors/containers/compose.h"

#include <gtest/gtest.h>

#include "exporter/text.h"
#include "tests/support/collect.h"
#include "tests/support/temporary_directory.h"

namespace upkeep::containers {
namespace {

// "shop/api=2 shop/web=1", or the error.
std::string expected(std::string_view text, const std::string& path = "/srv/Shop.1/compose.yml") {
  const auto services = parse_compose_file(text, path);
  if (!services) return services.error().message;
  std::string out;
  for (const ExpectedService& one : *services) {
    out += (out.empty() ? "" : " ") + one.project + "/" + one.service + "=" + std::to_string(one.replicas);
  }
  return out;
}

TEST(ComposeFile, ServicesAndTheirReplicas) {
  EXPECT_EQ(expected("services:\n  api: {deploy: {replicas: 2}}\n  web: {image: a, scale: 3}\n  db:\n"),
            "shop1/api=2 shop1/db=1 shop1/web=3");
  EXPECT_EQ(expected("name: My_Shop\nservices: {api: {}}"), "my_shop/api=1");
  EXPECT_EQ(expected("name: ${NAME:-flow-motion}\nservices: {api: {}}"), "flow-motion/api=1");
  EXPECT_EQ(expected("services: {api: {deploy: {replicas: '${N:-4}'}}}"), "shop1/api=4");
  EXPECT_EQ(expected("services: {api: {deploy: {replicas: '${N}'}}}"), "shop1/api=1");
  EXPECT_EQ(expected("services: {api: {deploy: {replicas: 0}}}"), "shop1/api=0");
  EXPECT_EQ(expected("services: {api: {deploy: {replicas: 99999999999}}}"), "shop1/api=10000");
}

TEST(ComposeFile, WhatDoesNotRunAllTheTime) {
  EXPECT_EQ(expected("services:\n  api: {}\n  debug: {profiles: [dev]}\n"), "shop1/api=1");
  EXPECT_EQ(expected("services:\n  api: {depends_on: {migrate: {condition: service_completed_successfully}}}\n"
                     "  migrate: {}\n"),
            "shop1/api=1");
  EXPECT_EQ(expected("services:\n  api: {depends_on: {db: {condition: service_healthy}}}\n  db: {}\n"),
            "shop1/api=1 shop1/db=1");
  EXPECT_EQ(expected("services: {api: {depends_on: [db]}, db: {}, once: {deploy: {mode: replicated-job}}}"),
            "shop1/api=1 shop1/db=1");
}

TEST(ComposeFile, AnchorsAndMergesAreBorne) {
  EXPECT_EQ(expected("x-log: &log {driver: json-file}\nservices:\n  api:\n    <<: *log\n    logging: *log\n"
                     "    ports: !reset []\n    deploy: {replicas: 2}\n"),
            "shop1/api=2");
}

TEST(ComposeFile, AnErrorNamesTheLine) {
  EXPECT_EQ(expected("services:\n\tapi: {}\n").substr(0, 28), "/srv/Shop.1/compose.yml:2: a");
  EXPECT_EQ(expected("services: [api]\n"), "/srv/Shop.1/compose.yml:1: a map of services expected");
  EXPECT_EQ(expected("name: a\nservices: 5\n"), "/srv/Shop.1/compose.yml:2: a map of services expected");
  EXPECT_EQ(expected(""), "/srv/Shop.1/compose.yml:1: a map of services expected");
  EXPECT_TRUE(expected("services:\n  api: {\n").starts_with("/srv/Shop.1/compose.yml:"))
      << expected("services:\n  api: {\n");
  EXPECT_TRUE(expected("a: \xff").starts_with("/srv/Shop.1/compose.yml:1: "));
}

class ComposeTest : public ::testing::Test {
 protected:
  ComposeTest() {
    view_.known = view_.up = true;
    view_.refreshed = Clock::wall_time(std::chrono::seconds(1));
  }
  void put(const std::string& project, const std::string& service, const std::string& image = "sha256:1",
           State state = State::kRunning, Health health = Health::kNone) {
    Container one;
    one.labels = {{"com.docker.compose.project", project}, {"com.docker.compose.service", service}};
    one.image_id = image;
    one.state = state;
    one.health = health;
    view_.containers.push_back(std::make_shared<Container>(one));
    ++view_.generation;
  }
  // The samples without "upkeep_compose_service_", one a line.
  std::string published(Compose& compose) {
    SampleSink sink(1000);
    sink.begin();
    const Result<> result = compose.publish(view_, now_, sink);
    error_ = result ? "" : result.error().message;
    const std::string all = testing::samples_of(sink);
    std::string samples;
    for (std::string_view line : Lines(all)) samples.append(line.substr(23)).append("\n");
    return samples;
  }

  EngineView view_;
  Clock::time_point now_{std::chrono::hours(1)};
  std::string error_;
};

TEST_F(ComposeTest, CountsReplicas) {
  Compose compose({{"shop", "api", 2}, {"shop", "gone", 1}}, {});
  put("shop", "api", "sha256:1", State::kRunning, Health::kHealthy);
  put("shop", "api", "sha256:2", State::kRunning, Health::kUnhealthy);
  put("shop", "api", "sha256:1", State::kExited);
  put("other", "db");
  view_.containers.push_back(std::make_shared<Container>(Container{.id = "no service"}));
  EXPECT_EQ(published(compose), R"(running_replicas{project="other",service="db"} 1
running_replicas{project="shop",service="api"} 2
running_replicas{project="shop",service="gone"} 0
healthy_replicas{project="other",service="db"} 1
healthy_replicas{project="shop",service="api"} 1
healthy_replicas{project="shop",service="gone"} 0
versions{project="other",service="db"} 1
versions{project="shop",service="api"} 2
versions{project="shop",service="gone"} 0
expected_replicas{project="shop",service="api"} 2
expected_replicas{project="shop",service="gone"} 1
)");
}

TEST_F(ComposeTest, CountsAgainWhenTheViewChanges) {
  Compose compose({}, {});
  put("shop", "api");
  EXPECT_NE(published(compose).find("running_replicas{project=\"shop\",service=\"api\"} 1\n"), std::string::npos);
  put("shop", "api");
  EXPECT_NE(published(compose).find("running_replicas{project=\"shop\",service=\"api\"} 2\n"), std::string::npos);
}

TEST_F(ComposeTest, CommandsRunOnceAreNoReplicas) {
  Compose compose({}, {});
  put("shop", "api");
  Container once = *view_.containers.back();
  once.labels["com.docker.compose.oneoff"] = "True";
  view_.containers.back() = std::make_shared<Container>(once);
  EXPECT_EQ(published(compose), "");
}

TEST_F(ComposeTest, NobodyKnowsWhatRunsBeforeTheEngineAnswered) {
  view_ = {};
  Compose compose({{"shop", "api", 2}}, {});
  EXPECT_EQ(published(compose), "expected_replicas{project=\"shop\",service=\"api\"} 2\n");
}

TEST_F(ComposeTest, ABrokenFileHarmsNoOther) {
  const testing::TemporaryDirectory folder;
  folder.write("a/compose.yml", "services: {api: {}}");
  folder.write("b/compose.yml", "services: [");
  const std::string a = folder.path() / "a/compose.yml", b = folder.path() / "b/compose.yml";
  const std::string c = folder.path() / "c/compose.yml";
  view_ = {};
  Compose compose({}, {c, b, a});
  EXPECT_EQ(published(compose), "expected_replicas{project=\"a\",service=\"api\"} 1\n");
  EXPECT_EQ(error_, c + ": No such file or directory");

  // Read again, but not at each look.
  folder.write("c/compose.yml", "services: {web: {}}");
  EXPECT_EQ(published(compose), "expected_replicas{project=\"a\",service=\"api\"} 1\n");
  now_ += std::chrono::minutes(1);
  EXPECT_EQ(published(compose),
            "expected_replicas{project=\"a\",service=\"api\"} 1\nexpected_replicas{project=\"c\",service=\"web\"} 1\n");
  EXPECT_TRUE(error_.starts_with(b + ":1: ")) << error_;
  folder.write("b/compose.yml", "name: shop\nservices: {db: {scale: 2}}");
  now_ += std::chrono::minutes(1);
  EXPECT_NE(published(compose).find("{project=\"shop\",service=\"db\"} 2\n"), std::string::npos);
  EXPECT_EQ(error_, "");
  // What was understood last counts while a file is broken.
  folder.write("b/compose.yml", "name: shop\nservices: {db: {scale:");
  now_ += std::chrono::minutes(1);
  EXPECT_NE(published(compose).find("{project=\"shop\",service=\"db\"} 2\n"), std::string::npos);
  EXPECT_TRUE(error_.starts_with(b + ":")) << error_;
}

}  // namespace
}  // namespace upkeep::containers
