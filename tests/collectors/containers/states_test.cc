#include "collectors/containers/states.h"

#include <gtest/gtest.h>

#include "tests/support/collect.h"

namespace upkeep::containers {
namespace {

std::string published(const EngineView& view, const std::vector<std::string>& keys = {}) {
  const StateFamilies families(keys);
  SampleSink sink(limits::kSeriesPerCollector);
  sink.begin();
  families.publish(
      view, [](const Container& container) -> std::string_view { return container.id; }, sink);
  return testing::samples_of(sink);
}

EngineView view_of(Container container) {
  EngineView view{.known = true, .up = true, .name = "docker", .version = "20.10", .api_version = "1.41"};
  view.refreshed = Clock::wall_time(std::chrono::seconds(1'700'000'000));
  view.containers.push_back(std::make_shared<Container>(std::move(container)));
  return view;
}

TEST(States, EverythingOfAContainer) {
  Container one{.id = "/docker/1", .name = "web", .image = "shop:1"};
  one.labels["com.docker.compose.project"] = "shop";
  one.state = State::kExited;
  one.health = Health::kUnhealthy;
  one.failing_streak = 3;
  one.exit_code = 137;
  one.oom_killed = true;
  one.restart_count = 1;
  one.restarts = 4;
  one.ooms = 2;
  one.started = 1'700'000'000;
  one.finished = 1'700'000'100;
  one.inspected = true;
  std::string expected = R"(upkeep_container_engine_up{engine="docker"} 1
upkeep_container_engine_info{engine="docker",version="20.10",api_version="1.41"} 1
upkeep_container_engine_refreshed_timestamp_seconds{engine="docker"} 1700000000
upkeep_containers_truncated 0
)";
  const std::string labels =
      R"({id="/docker/1",name="web",image="shop:1",container_label_com_docker_compose_project="shop",)"
      R"(container_label_tier="")";
  const auto add = [&](const std::string& name, const std::string& value) {
    expected += name + labels + "} " + value + "\n";
  };
  const auto add_each = [&](const std::string& name, std::span<const std::string_view> all, std::string_view present) {
    for (const std::string_view one_of : all) {
      expected += name + labels + ",status=\"" + std::string(one_of) + "\"} " + (one_of == present ? "1\n" : "0\n");
    }
  };
  add_each("container_state_status", kStateNames, "exited");
  add_each("container_state_health_status", kHealthNames, "unhealthy");
  add("container_health_state", "0");
  add("container_health_failing_streak", "3");
  add("container_restartcount", "1");
  add("container_restarts_total", "4");
  add("container_exitcode", "137");
  add("container_state_oomkilled", "1");
  add("container_state_startedat", "1700000000");
  add("container_state_finishedat", "1700000100");
  add("container_oom_events_total", "2");
  EXPECT_EQ(published(view_of(one), {"com.docker.compose.project", "tier"}), expected);
}

TEST(States, AbsentIsNotZero) {
  Container one{.id = "1", .name = "web", .image = "shop:1"};
  one.state = State::kRunning;
  one.inspected = true;
  const std::string fresh = published(view_of(one));
  for (const char* absent : {"exitcode", "startedat", "finishedat", "failing_streak"}) {
    EXPECT_EQ(fresh.find(absent), std::string::npos) << absent;
  }
  EXPECT_NE(fresh.find("container_health_state{id=\"1\",name=\"web\",image=\"shop:1\"} -1\n"), std::string::npos);
  one.inspected = false;
  const std::string listed = published(view_of(one));
  EXPECT_NE(listed.find("container_state_status"), std::string::npos);
  EXPECT_EQ(listed.find("restart_count"), std::string::npos);
  EXPECT_EQ(listed.find("oomkilled"), std::string::npos) << "the list does not tell";
}

TEST(States, AnEngineThatIsDown) {
  EXPECT_EQ(published({}), "") << "before the first try nobody knows";
  EngineView view{.known = true, .up = false, .reason = "timeout"};
  EXPECT_EQ(published(view), R"(upkeep_container_engine_up{engine="unknown"} 0
upkeep_container_engine_failed{engine="unknown",reason="timeout"} 1
)");
  view.name = "podman";
  view.version = "4.3.1";
  view.api_version = "1.41";
  view.refreshed = Clock::wall_time(std::chrono::seconds(1));
  EXPECT_EQ(published(view), R"(upkeep_container_engine_up{engine="podman"} 0
upkeep_container_engine_failed{engine="podman",reason="timeout"} 1
upkeep_container_engine_info{engine="podman",version="4.3.1",api_version="1.41"} 1
upkeep_container_engine_refreshed_timestamp_seconds{engine="podman"} 1
upkeep_containers_truncated 0
)");
}

TEST(States, OnlyThoseThatAreKept) {
  Container one{.id = "1", .name = "web", .image = "shop:1"};
  const StateFamilies families({});
  SampleSink sink(100);
  sink.begin();
  families.publish(
      view_of(one), [](const Container& container) -> std::string_view { return container.id; }, sink,
      [](const Container& container) { return container.name != "web"; });
  EXPECT_EQ(sink.size(), 4u) << "the engine alone";
}

}  // namespace
}  // namespace upkeep::containers
