#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

TEST(Loadavg, ReadsThreeAverages) {
  const auto f = [](const char* text) {
    World world;
    world.fs.put("proc/loadavg", text);
    const std::string samples = world.samples(loadavg_collector);
    EXPECT_EQ(world.error(), "");
    return samples;
  };
  EXPECT_EQ(f("0.20 0.18 0.12 1/80 11206\n"), "node_load1 0.2\nnode_load5 0.18\nnode_load15 0.12\n");
  EXPECT_EQ(f("0.00 0.00 0.00 1/80 1\n"), "node_load1 0\nnode_load5 0\nnode_load15 0\n");
  EXPECT_EQ(f("1024.25 512.5 3"), "node_load1 1024.25\nnode_load5 512.5\nnode_load15 3\n");
}

TEST(Loadavg, SaysNothingOfWhatItCannotRead) {
  const auto f = [](const char* text) {
    World world;
    world.fs.put("proc/loadavg", text);
    EXPECT_EQ(world.samples(loadavg_collector), "");
    EXPECT_EQ(world.error_code(), ErrorCode::kParse);
    return world.error();
  };
  EXPECT_EQ(f(""), "proc/loadavg: three load averages expected");
  EXPECT_EQ(f("0.20 0.18\n"), "proc/loadavg: three load averages expected");
  EXPECT_EQ(f("0.20 0.18 a.12 1/80 11206\n"), "proc/loadavg: three load averages expected");
}

TEST(Loadavg, FailsWithoutItsFile) {
  World world;
  EXPECT_EQ(world.samples(loadavg_collector), "");
  EXPECT_EQ(world.error(), "proc/loadavg: No such file or directory");
}

}  // namespace
}  // namespace upkeep::testing
