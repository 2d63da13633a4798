#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

TEST(Vmstat, PublishesWhatNodeExporterDoes) {
  World world;
  world.fs.put("proc/vmstat",
               "nr_free_pages 6038772\n"
               "pgpgin 1752497\n"
               "pgpgout 694512\n"
               "pswpin 1\n"
               "pswpout 2\n"
               "pgalloc_dma 0\n"
               "pgfault 1234\n"
               "pgmajfault 56\n"
               "pgfree 12\n"
               "numa_pte_updates 7\n"
               "oom_kill 3\n");
  EXPECT_EQ(world.samples(vmstat_collector),
            "node_vmstat_pgpgin 1752497\n"
            "node_vmstat_pgpgout 694512\n"
            "node_vmstat_pswpin 1\n"
            "node_vmstat_pswpout 2\n"
            "node_vmstat_pgfault 1234\n"
            "node_vmstat_pgmajfault 56\n"
            "node_vmstat_oom_kill 3\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Vmstat, MakesFamiliesOfNewFields) {
  World world;
  world.fs.put("proc/vmstat", "pgsomefault_x 4\n");
  EXPECT_EQ(world.page(vmstat_collector),
            "# HELP node_vmstat_pgsomefault_x Field pgsomefault_x of /proc/vmstat.\n"
            "# TYPE node_vmstat_pgsomefault_x untyped\n"
            "node_vmstat_pgsomefault_x 4\n");
}

TEST(Vmstat, FollowsFieldsThatMove) {
  World world;
  world.fs.put("proc/vmstat", "pgfault 1\nnr_dirty 2\n");
  EXPECT_EQ(world.samples(vmstat_collector), "node_vmstat_pgfault 1\n");
  world.fs.put("proc/vmstat", "nr_dirty 3\noom_kill 4\npgfault 5\n");
  EXPECT_EQ(world.samples(vmstat_collector), "node_vmstat_oom_kill 4\nnode_vmstat_pgfault 5\n");
  world.fs.put("proc/vmstat", "pgfault 6\n");
  EXPECT_EQ(world.samples(vmstat_collector), "node_vmstat_pgfault 6\n");
}

TEST(Vmstat, NamesTheBadLine) {
  const auto f = [](std::string_view text, std::string_view samples, std::string_view error) {
    World world;
    world.fs.put("proc/vmstat", std::string(text));
    EXPECT_EQ(world.samples(vmstat_collector), samples);
    EXPECT_EQ(world.error(), error);
  };
  f("pgfault x\npswpin 2\n", "node_vmstat_pswpin 2\n", R"(proc/vmstat:1: a number expected: "pgfault x")");
  f("pswpin 2\npgfault", "node_vmstat_pswpin 2\n", R"(proc/vmstat:2: name and value expected: "pgfault")");
  f("pswpin 2\npgfault-a 1\n", "node_vmstat_pswpin 2\n",
    R"(proc/vmstat:2: "node_vmstat_pgfault-a": no metric name: "pgfault-a 1")");
  f("", "", "proc/vmstat: none of its fields found");
  f("nr_dirty 2\n", "", "proc/vmstat: none of its fields found");
}

TEST(Vmstat, FailsWithoutFile) {
  World world;
  EXPECT_EQ(world.samples(vmstat_collector), "");
  EXPECT_EQ(world.error(), "proc/vmstat: No such file or directory");
}

}  // namespace
}  // namespace upkeep
