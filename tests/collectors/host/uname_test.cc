// uname is one sample whose labels are the system call's answer.
#include <gtest/gtest.h>

#include <cstring>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

TEST(Uname, EveryField) {
  utsname name{};
  std::strcpy(name.sysname, "Linux");
  std::strcpy(name.release, "6.1.0-18-amd64");
  std::strcpy(name.version, "#1 SMP \"x\"");
  std::strcpy(name.machine, "x86_64");
  std::memset(name.nodename, 'n', sizeof name.nodename);  // no NUL
  std::strcpy(name.domainname, "(none)");
  World world;
  world.kernel.uts = name;
  EXPECT_EQ(world.samples(uname_collector),
            "node_uname_info{sysname=\"Linux\",release=\"6.1.0-18-amd64\",version=\"#1 SMP \\\"x\\\"\","
            "machine=\"x86_64\",nodename=\"" +
                std::string(sizeof name.nodename, 'n') + "\",domainname=\"(none)\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Uname, FailureIsAnError) {
  World world;
  EXPECT_EQ(world.samples(uname_collector), "");
  EXPECT_EQ(world.error(), "uname: not set");
}

}  // namespace
}  // namespace upkeep::testing
