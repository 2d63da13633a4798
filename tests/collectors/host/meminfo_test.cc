#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

TEST(Meminfo, PublishesEveryField) {
  World world;
  world.fs.put("proc/meminfo",
               "MemTotal:       24684084 kB\n"
               "Active(anon):       1568 kB\n"
               "NFS_Unstable:          0 kB\n"
               "HugePages_Total:       3\n"
               "VmallocTotal:   34359738367 kB\n"
               "DirectMap4k:       30720 kB\n");
  EXPECT_EQ(world.samples(meminfo_collector),
            "node_memory_MemTotal_bytes 25276502016\n"
            "node_memory_Active_anon_bytes 1605632\n"
            "node_memory_NFS_Unstable_bytes 0\n"
            "node_memory_HugePages_Total 3\n"
            "node_memory_VmallocTotal_bytes 35184372087808\n"
            "node_memory_DirectMap4k_bytes 31457280\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Meminfo, MakesFamiliesOfNewFields) {
  World world;
  world.fs.put("proc/meminfo", "Balloon(new):     2 kB\n");
  EXPECT_EQ(world.page(meminfo_collector),
            "# HELP node_memory_Balloon_new_bytes Field Balloon(new) of /proc/meminfo.\n"
            "# TYPE node_memory_Balloon_new_bytes gauge\n"
            "node_memory_Balloon_new_bytes 2048\n");
}

TEST(Meminfo, FollowsFieldsThatMove) {
  World world;
  world.fs.put("proc/meminfo", "MemTotal: 1 kB\nMemFree: 2 kB\n");
  world.samples(meminfo_collector);
  world.fs.put("proc/meminfo", "MemTotal: 1 kB\nMemNovel: 3 kB\nMemFree: 2 kB\n");
  EXPECT_EQ(world.samples(meminfo_collector),
            "node_memory_MemTotal_bytes 1024\nnode_memory_MemNovel_bytes 3072\nnode_memory_MemFree_bytes 2048\n");
}

TEST(Meminfo, NamesTheBadLine) {
  const auto f = [](std::string_view text, std::string_view samples, std::string_view error) {
    World world;
    world.fs.put("proc/meminfo", std::string(text));
    EXPECT_EQ(world.samples(meminfo_collector), samples);
    EXPECT_EQ(world.error(), error);
  };
  constexpr std::string_view kFree = "node_memory_MemFree_bytes 2048\n";
  f("MemTotal: x kB\nMemFree: 2 kB\n", kFree,
    R"(proc/meminfo:1: a number, in kB or without unit, expected: "MemTotal: x kB")");
  f("MemTotal: -1 kB\nMemFree: 2 kB\n", kFree,
    R"(proc/meminfo:1: a number, in kB or without unit, expected: "MemTotal: -1 kB")");
  f("MemFree: 2 kB\nMemTo", kFree, R"(proc/meminfo:2: name and value expected: "MemTo")");
  f("MemFree: 2 kB\nMemTotal:", kFree, R"(proc/meminfo:2: a number, in kB or without unit, expected: "MemTotal:")");
  f("MemFree: 2 kB\nMemTotal: 1 MB\n", kFree,
    R"(proc/meminfo:2: a number, in kB or without unit, expected: "MemTotal: 1 MB")");
  f("MemFree: 2 kB\nMem-Total: 1\n", kFree,
    R"(proc/meminfo:2: "node_memory_Mem-Total": no metric name: "Mem-Total: 1")");
  f("", "", "proc/meminfo: empty");
}

TEST(Meminfo, FailsWithoutFile) {
  World world;
  EXPECT_EQ(world.samples(meminfo_collector), "");
  EXPECT_EQ(world.error(), "proc/meminfo: No such file or directory");
}

}  // namespace
}  // namespace upkeep
