#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

TEST(Filefd, Publishes) {
  const auto f = [](std::string_view text, std::string_view samples) {
    World world;
    world.fs.put("proc/sys/fs/file-nr", std::string(text));
    EXPECT_EQ(world.samples(filefd_collector), samples);
    EXPECT_EQ(world.error(), "");
  };
  f("3360\t0\t2466170\n", "node_filefd_allocated 3360\nnode_filefd_maximum 2466170\n");
  f("3360\t0\t9223372036854775807\n", "node_filefd_allocated 3360\nnode_filefd_maximum 9223372036854775808\n");
}

TEST(Filefd, Fails) {
  const auto f = [](std::string_view text) {
    World world;
    world.fs.put("proc/sys/fs/file-nr", std::string(text));
    EXPECT_EQ(world.samples(filefd_collector), "");
    EXPECT_EQ(world.error(), "proc/sys/fs/file-nr: three numbers expected");
    EXPECT_EQ(world.error_code(), ErrorCode::kParse);
  };
  f("");
  f("3360\t0\n");
  f("3360\t0\tlots\n");
  f("none\t0\t12\n");
}

TEST(Filefd, FailsWithoutFile) {
  World world;
  EXPECT_EQ(world.samples(filefd_collector), "");
  EXPECT_EQ(world.error(), "proc/sys/fs/file-nr: No such file or directory");
}

}  // namespace
}  // namespace upkeep
