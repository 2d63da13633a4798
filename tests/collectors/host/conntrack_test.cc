#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

constexpr const char* kEntries = "proc/sys/net/netfilter/nf_conntrack_count";
constexpr const char* kLimit = "proc/sys/net/netfilter/nf_conntrack_max";
constexpr const char* kStatistics = "proc/net/stat/nf_conntrack";
constexpr std::string_view kHeader =
    "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  "
    "expect_new expect_create expect_delete search_restart\n";
constexpr std::string_view kNumbers = "node_nf_conntrack_entries 123\nnode_nf_conntrack_entries_limit 262144\n";

struct Seen {
  std::string samples, error;
};

// `rows` below the header; null: the file is not there.
Seen look(const char* rows) {
  World world;
  world.fs.put(kEntries, "123\n");
  world.fs.put(kLimit, "262144\n");
  if (rows != nullptr) world.fs.put(kStatistics, std::string(kHeader) + rows);
  std::string samples = world.samples(conntrack_collector);
  return {std::move(samples), world.error()};
}

TEST(Conntrack, PublishesSumsOverCpus) {
  const Seen seen = look(
      "00000021  00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009 0000000a 0000000b "
      "0000000c  0000000d 0000000e 0000000f 00000010\n"
      "00000021  00000000 00000001 00000000 00000001 00000001 00000000 00000000 00000001 00000001 00000001 00000001 "
      "00000000  00000000 00000000 00000000 00000001\n");
  EXPECT_EQ(seen.samples, std::string(kNumbers) +
                              "node_nf_conntrack_stat_found 3\n"
                              "node_nf_conntrack_stat_invalid 5\n"
                              "node_nf_conntrack_stat_ignore 6\n"
                              "node_nf_conntrack_stat_insert 9\n"
                              "node_nf_conntrack_stat_insert_failed 10\n"
                              "node_nf_conntrack_stat_drop 11\n"
                              "node_nf_conntrack_stat_early_drop 12\n"
                              "node_nf_conntrack_stat_search_restart 17\n");
  EXPECT_EQ(seen.error, "");
}

TEST(Conntrack, LeavesOutWhatOldKernelsLack) {
  const Seen seen = look("0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0\n");
  EXPECT_EQ(seen.samples, std::string(kNumbers) +
                              "node_nf_conntrack_stat_found 0\n"
                              "node_nf_conntrack_stat_invalid 0\n"
                              "node_nf_conntrack_stat_ignore 0\n"
                              "node_nf_conntrack_stat_insert 0\n"
                              "node_nf_conntrack_stat_insert_failed 0\n"
                              "node_nf_conntrack_stat_drop 0\n"
                              "node_nf_conntrack_stat_early_drop 1\n");
  EXPECT_EQ(seen.error, "");
}

TEST(Conntrack, PublishesNoHalfSums) {
  const auto f = [](const char* rows, std::string_view error) {
    const Seen seen = look(rows);
    EXPECT_EQ(seen.samples, kNumbers);
    EXPECT_EQ(seen.error, error);
  };
  f(nullptr, "");  // a kernel without the file
  f("", "proc/net/stat/nf_conntrack: no CPU found");
  f("0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0\n1 2\n", R"(proc/net/stat/nf_conntrack:3: 16 columns expected: "1 2")");
  f("x 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0\n",
    R"(proc/net/stat/nf_conntrack:2: hexadecimal numbers expected: "x 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0")");
}

TEST(Conntrack, SaysThatThereIsNone) {
  World world;
  EXPECT_EQ(world.samples(conntrack_collector), "");
  EXPECT_EQ(world.error(), "proc/sys/net/netfilter: connection tracking is not loaded");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
}

TEST(Conntrack, Fails) {
  World world;
  world.fs.put(kEntries, "x\n");
  EXPECT_EQ(world.samples(conntrack_collector), "");
  EXPECT_EQ(world.error(), "proc/sys/net/netfilter/nf_conntrack_count: a number expected");
  world.fs.put(kEntries, "1\n");
  EXPECT_EQ(world.samples(conntrack_collector), "node_nf_conntrack_entries 1\n");
  EXPECT_EQ(world.error(), "proc/sys/net/netfilter/nf_conntrack_max: No such file or directory");
  world.fs.put(kLimit, "2\n");
  world.fs.fail_with(kStatistics, {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(world.samples(conntrack_collector), "node_nf_conntrack_entries 1\nnode_nf_conntrack_entries_limit 2\n");
  EXPECT_EQ(world.error(), "proc/net/stat/nf_conntrack: Permission denied");
}

}  // namespace
}  // namespace upkeep
