#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"
#include "tests/support/fake_engine.h"

namespace upkeep {
namespace {

using Fields = testing::FakeEngine::Fields;

class StorageTest : public ::testing::Test {
 protected:
  StorageTest() {
    world_.config = "{docker: 'unix://" + api_.socket() + "', log_max: 1MiB, image_max_age: 1d, labels: []}";
    api_.answer("/system/df", R"({"LayersSize":1000,"Images":[{"Id":"sha256:1","Size":600,"SharedSize":100,
      "Containers":1,"Created":1700000000},{"Id":"sha256:2","Size":400,"SharedSize":100,"Containers":0,"Created":1}],
      "Containers":[{"State":"exited","SizeRw":30}],"Volumes":[],"BuildCache":[]})");
    api_.answer("/networks", "[{},{}]");
  }
  std::string samples() { return world_.samples(container_storage_collector); }

  testing::FakeEngine api_;
  testing::World world_;
  const std::string id_ = testing::FakeEngine::id(1);
};

constexpr std::string_view kLimits =
    "upkeep_container_log_max_bytes 1048576\nupkeep_container_image_max_age_seconds 86400\n";

TEST_F(StorageTest, SaysWhatIsStored) {
  api_.put({{id_, {.name = "web", .log_path = "/logs/web.log"}}});
  world_.fs.put("logs/web.log", "one line\n");
  EXPECT_EQ(samples(), std::string(kLimits) + "upkeep_container_log_bytes{id=\"/docker/" + id_ +
                           R"(",name="web",image="shop:1"} 9
upkeep_container_storage_bytes{type="images"} 1000
upkeep_container_storage_bytes{type="containers"} 30
upkeep_container_storage_bytes{type="volumes"} 0
upkeep_container_storage_bytes{type="build_cache"} 0
upkeep_container_storage_reclaimable_bytes{type="images"} 500
upkeep_container_storage_reclaimable_bytes{type="containers"} 30
upkeep_container_storage_reclaimable_bytes{type="volumes"} 0
upkeep_container_storage_reclaimable_bytes{type="build_cache"} 0
upkeep_container_storage_items{type="images"} 2
upkeep_container_storage_items{type="containers"} 1
upkeep_container_storage_items{type="volumes"} 0
upkeep_container_storage_items{type="build_cache"} 0
upkeep_container_storage_items{type="networks"} 2
upkeep_container_storage_reclaimable_items{type="images"} 1
upkeep_container_storage_reclaimable_items{type="containers"} 1
upkeep_container_storage_reclaimable_items{type="volumes"} 0
upkeep_container_storage_reclaimable_items{type="build_cache"} 0
upkeep_container_storage_reclaimable_items{type="networks"} 2
upkeep_container_image_created_timestamp_seconds{image="shop:1"} 1700000000
)");
  EXPECT_EQ(world_.error(), "");
}

TEST_F(StorageTest, AsksOnceWhereAContainerLogs) {
  api_.put({{id_, {.log_path = "/logs/web.log"}}});
  for (int i = 0; i < 3; ++i) samples();
  EXPECT_EQ(api_.requests("/containers/" + id_ + "/json"), 1u);
  EXPECT_EQ(samples().find("log_bytes"), std::string::npos) << "a log that is not there has no size";
  EXPECT_EQ(world_.error(), "");
}

TEST_F(StorageTest, AnEngineThatIsDownIsNoError) {
  api_.stop();
  EXPECT_EQ(samples(), kLimits);
  EXPECT_EQ(world_.error(), "");
}

TEST_F(StorageTest, AnAnswerThatCannotBeReadIs) {
  api_.answer("/system/df", "{\"LayersSize\":");
  EXPECT_EQ(samples(), kLimits);
  EXPECT_EQ(world_.error(), "/system/df: not JSON at byte 15");
  api_.answer("/system/df", "{}", 409);
  samples();
  EXPECT_EQ(world_.error(), "/system/df: HTTP status 409");
}

TEST_F(StorageTest, WithoutASocketThereIsNothing) {
  world_.config = "";
  EXPECT_EQ(samples(), "");
  EXPECT_EQ(world_.error_code(), ErrorCode::kNoData);
  world_.restart();
  world_.config = "docker: false";
  EXPECT_EQ(samples(), "");
  EXPECT_EQ(world_.error_code(), ErrorCode::kNoData);
}

}  // namespace
}  // namespace upkeep
