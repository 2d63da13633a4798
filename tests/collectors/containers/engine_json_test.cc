#include "collectors/containers/engine_json.h"

#include <gtest/gtest.h>

#include "collectors/containers/api.h"
#include "tests/support/fake_engine.h"

namespace upkeep::containers {
namespace {

const std::string kId = testing::FakeEngine::id(0xabc);

TEST(EngineJson, Ids) {
  EXPECT_TRUE(is_container_id(kId));
  EXPECT_FALSE(is_container_id(kId.substr(1)));
  EXPECT_FALSE(is_container_id("../" + kId.substr(3)));
  EXPECT_FALSE(is_container_id("A" + kId.substr(1)));
}

TEST(EngineJson, VersionsAreNegotiated) {
  const auto chosen = [](const std::string& newest, const std::string& oldest) -> std::string {
    const auto version =
        parse_version(R"({"Version":"1","ApiVersion":")" + newest + R"(","MinAPIVersion":")" + oldest + "\"}");
    return version ? to_string(chosen_version(*version)) : version.error().message;
  };
  EXPECT_EQ(chosen("1.41", "1.12"), "1.41");
  EXPECT_EQ(chosen("1.43", "1.12"), "1.43");
  EXPECT_EQ(chosen("1.47", "1.24"), "1.43");
  EXPECT_EQ(chosen("1.52", "1.44"), "1.44") << "too new for what we know";
  EXPECT_EQ(chosen("1.40", ""), "1.40");
  EXPECT_EQ(chosen("", "1.12"), "ApiVersion expected");
  EXPECT_EQ(chosen("1.99999999999", ""), "ApiVersion expected");
  EXPECT_EQ(chosen("../../1.4", ""), "ApiVersion expected");
}

TEST(EngineJson, PodmanIsKnownByItsComponents) {
  const auto podman = parse_version(R"({"Components":[{"Name":"Podman Engine","Version":"4.3.1","Details":{}},
      {"Name":"Conmon"}],"Version":"4.3.1","ApiVersion":"1.41","MinAPIVersion":"1.24"})");
  ASSERT_TRUE(podman);
  EXPECT_EQ(podman->name, "podman");
  EXPECT_EQ(podman->version, "4.3.1");
  EXPECT_EQ(podman->newest, (ApiVersion{1, 41}));
}

TEST(EngineJson, AContainerAsInspected) {
  const auto one = parse_inspect(testing::FakeEngine::inspection(
      kId, {.name = "shop-api-1",
            .state = "restarting",
            .health = "unhealthy",
            .log_path = "/var/lib/docker/containers/x/x-json.log",
            .restart_count = 3,
            .exit_code = 137,
            .failing_streak = 4,
            .oom_killed = true,
            .finished = "2026-01-03T00:00:00Z",
            .labels = {{"com.docker.compose.project", "shop"}, {"odd key", "line\nbreak"}}}));
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->id, kId);
  EXPECT_EQ(one->name, "shop-api-1");
  EXPECT_EQ(one->image, "shop:1");
  EXPECT_EQ(one->image_id, "sha256:1");
  EXPECT_EQ(one->state, State::kRestarting);
  EXPECT_EQ(one->health, Health::kUnhealthy);
  EXPECT_EQ(one->failing_streak, 4);
  EXPECT_EQ(one->exit_code, 137);
  EXPECT_TRUE(one->oom_killed && one->own_network && one->inspected);
  EXPECT_EQ(one->restart_count, 3);
  EXPECT_EQ(one->pid, 4711);
  EXPECT_EQ(one->created, 1767225600);
  EXPECT_EQ(one->started, 1767323045.5);
  EXPECT_EQ(one->finished, 1767398400);
  EXPECT_EQ(one->log_path, "/var/lib/docker/containers/x/x-json.log");
  EXPECT_EQ(one->labels,
            (std::map<std::string, std::string>{{"com.docker.compose.project", "shop"}, {"odd key", "line\nbreak"}}));
}

TEST(EngineJson, WhatAContainerMayLack) {
  const auto bare = parse_inspect(R"({"Id":")" + kId + R"(","State":null,"Config":{"Labels":null},"New":[[{}]]})");
  ASSERT_TRUE(bare) << bare.error().message;
  EXPECT_EQ(bare->name, "");
  EXPECT_EQ(bare->health, Health::kNone);
  EXPECT_EQ(bare->log_path, "");
  const auto networked = [](const std::string& mode) {
    return parse_inspect(R"({"Id":")" + kId + R"(","HostConfig":{"NetworkMode":")" + mode + "\"}}")->own_network;
  };
  EXPECT_TRUE(networked("bridge") && networked("shop_default") && networked("none"));
  EXPECT_FALSE(networked("host") || networked("container:" + kId));
  const auto journald = testing::FakeEngine::inspection(kId, {.log_path = ""});
  EXPECT_EQ(parse_inspect(journald)->log_path, "") << "a log that is no file";
}

TEST(EngineJson, WhatIsNoAnswer) {
  const auto error = [](const std::string& text) { return parse_inspect(text).error().message; };
  EXPECT_EQ(error(""), "not JSON at byte 1");
  EXPECT_EQ(error("[]"), "an object expected");
  EXPECT_EQ(error("5"), "an object expected");
  EXPECT_EQ(error("null"), "an object expected");
  EXPECT_EQ(error("{}"), "Id expected");
  EXPECT_EQ(error(R"({"Id":"../x"})"), "Id expected");
  EXPECT_EQ(error(R"({"Id":"abc)"), "not JSON at byte 11");
  EXPECT_EQ(error(R"({"Id":5e999})"), "not JSON at byte 11");
  EXPECT_EQ(error(R"({"a":)" + std::string(40, '[')), "more than 32 levels");
  EXPECT_EQ(error("{} {}"), "not JSON at byte 4");
  EXPECT_EQ(error("{\"Id\":\"\xff\"}"), "not JSON at byte 8");
  EXPECT_EQ(parse_list("{}").error().message, "an array expected");
  EXPECT_EQ(parse_list(R"([{"Id":"x"})").error().message, "not JSON at byte 12");
}

TEST(EngineJson, NumbersOutOfRangeAreHeld) {
  const auto held =
      parse_inspect(R"({"Id":")" + kId + R"(","RestartCount":99999999999999999999,"State":{"Pid":-1e300}})");
  ASSERT_TRUE(held);
  EXPECT_EQ(held->restart_count, 2147483647);
  EXPECT_EQ(held->pid, 0);
}

TEST(EngineJson, AListIsBounded) {
  std::string text = "[";
  for (std::size_t i = 0; i < kMaxContainers + 5; ++i) {
    text += (i == 0 ? "" : ",") + testing::FakeEngine::listed(testing::FakeEngine::id(i), {.name = "a\nb"});
  }
  const auto list = parse_list(text + R"(,{"Id":"no id"}])");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->containers.size(), kMaxContainers);
  EXPECT_EQ(list->left_out, 6u);
  const Container& last = list->containers.back();
  EXPECT_EQ(last.id, testing::FakeEngine::id(kMaxContainers - 1));
  EXPECT_EQ(last.name, "a\nb");
  EXPECT_EQ(last.state, State::kRunning);
  EXPECT_FALSE(last.inspected);
}

TEST(EngineJson, LabelsAreBounded) {
  testing::FakeEngine::Fields fields;
  for (int i = 0; i < 200; ++i) fields.labels[std::to_string(i)] = std::string(5'000, 'x');
  const auto one = parse_inspect(testing::FakeEngine::inspection(kId, fields));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->labels.size(), 64u);
  EXPECT_EQ(one->labels.begin()->second.size(), 4096u);
}

TEST(EngineJson, Events) {
  const auto event = parse_event(testing::FakeEngine::event(kId, "health_status: healthy", 1'700'000'000'500'000'000));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, kId);
  EXPECT_EQ(event->action, "health_status: healthy");
  EXPECT_EQ(event->time, 1'700'000'000.5);
  const auto id_of = [](const std::string& text) { return parse_event(text)->id; };
  EXPECT_EQ(id_of(R"({"status":"start","id":")" + kId + "\"}"), kId) << "without an actor";
  EXPECT_EQ(id_of(R"({"Type":"container","Action":"start","Actor":{"ID":")" + kId + "\"}}"), kId);
  EXPECT_EQ(id_of(R"({"Type":"network","Action":"destroy","Actor":{"ID":")" + kId + "\"}}"), "");
  EXPECT_EQ(id_of(R"({"Type":"container","Actor":{"ID":"../../images"}})"), "");
  EXPECT_FALSE(parse_event("{\"Type\":"));
}

TEST(EngineJson, DiskUsage) {
  const auto usage = parse_disk_usage(R"({"LayersSize":1000,"Images":[
      {"Id":"sha256:1","Size":600,"SharedSize":200,"Containers":2,"Created":1700000000,"RepoTags":["a"]},
      {"Id":"sha256:2","Size":500,"SharedSize":200,"Containers":0,"Created":1600000000},
      {"Id":"sha256:3","Size":-1,"SharedSize":-1,"Containers":-1}],
      "Containers":[{"Id":"1","State":"running","SizeRw":10},{"Id":"2","State":"exited","SizeRw":30},
      {"Id":"3","State":"created"},{"Id":"4","State":"paused","SizeRw":5}],
      "Volumes":[{"Name":"a","UsageData":{"Size":7,"RefCount":1}},{"Name":"b","UsageData":{"Size":9,"RefCount":0}},
      {"Name":"c","UsageData":null}],
      "BuildCache":[{"ID":"x","Size":100,"InUse":false,"Shared":false},{"Size":50,"InUse":true,"Shared":false},
      {"Size":20,"InUse":false,"Shared":true}],"BuilderSize":100})");
  ASSERT_TRUE(usage) << usage.error().message;
  const auto is = [](const Usage& one, double bytes, double reclaimable, std::uint64_t items, std::uint64_t unused) {
    EXPECT_EQ(one.bytes, bytes);
    EXPECT_EQ(one.reclaimable_bytes, reclaimable);
    EXPECT_EQ(one.items, items);
    EXPECT_EQ(one.reclaimable_items, unused);
  };
  is(usage->images, 1000, 600, 3, 1);
  is(usage->containers, 45, 30, 4, 2);
  is(usage->volumes, 16, 9, 3, 1);
  is(usage->build_cache, 170, 100, 3, 1);
  EXPECT_EQ(usage->image_created.at("sha256:2"), 1600000000);
  const auto none = parse_disk_usage(R"({"LayersSize":0,"Images":null,"Containers":null,"Volumes":null})");
  ASSERT_TRUE(none);
  is(none->images, 0, 0, 0, 0);
}

TEST(EngineJson, CountsElements) {
  EXPECT_EQ(count_elements("[]").value(), 0u);
  EXPECT_EQ(count_elements(R"([{"a":[{}]},{}])").value(), 2u);
  EXPECT_FALSE(count_elements("{}"));
}

}  // namespace
}  // namespace upkeep::containers
