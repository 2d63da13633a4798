#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

constexpr const char* kAvailable = "proc/sys/kernel/random/entropy_avail";
constexpr const char* kPoolSize = "proc/sys/kernel/random/poolsize";

TEST(Entropy, Publishes) {
  World world;
  world.fs.put(kAvailable, "3943\n");
  world.fs.put(kPoolSize, "4096\n");
  EXPECT_EQ(world.samples(entropy_collector), "node_entropy_available_bits 3943\nnode_entropy_pool_size_bits 4096\n");
  EXPECT_EQ(world.error(), "");
  world.fs.put(kAvailable, "256\n");
  EXPECT_EQ(world.samples(entropy_collector), "node_entropy_available_bits 256\nnode_entropy_pool_size_bits 4096\n");
}

TEST(Entropy, Fails) {
  const auto f = [](const char* available, const char* pool_size, std::string_view samples, std::string_view error) {
    World world;
    if (available != nullptr) world.fs.put(kAvailable, available);
    if (pool_size != nullptr) world.fs.put(kPoolSize, pool_size);
    EXPECT_EQ(world.samples(entropy_collector), samples);
    EXPECT_EQ(world.error(), error);
  };
  constexpr std::string_view kHalf = "node_entropy_available_bits 256\n";
  f(nullptr, "256\n", "", "proc/sys/kernel/random/entropy_avail: No such file or directory");
  f("", "256\n", "", "proc/sys/kernel/random/entropy_avail: a number of bits expected");
  f("many\n", "256\n", "", "proc/sys/kernel/random/entropy_avail: a number of bits expected");
  f("256\n", nullptr, kHalf, "proc/sys/kernel/random/poolsize: No such file or directory");
  f("256\n", "\n", kHalf, "proc/sys/kernel/random/poolsize: a number of bits expected");
}

TEST(Entropy, LearnsThePoolSizeAfterAFault) {
  World world;
  world.fs.put(kAvailable, "256\n");
  world.fs.put(kPoolSize, "x\n");
  world.samples(entropy_collector);
  world.fs.put(kPoolSize, "256\n");
  EXPECT_EQ(world.samples(entropy_collector), "node_entropy_available_bits 256\nnode_entropy_pool_size_bits 256\n");
  EXPECT_EQ(world.error(), "");
}

}  // namespace
}  // namespace upkeep
