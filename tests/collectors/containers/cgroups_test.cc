#include "collectors/containers/cgroups.h"

#include <gtest/gtest.h>

#include "tests/collectors/containers/fake_cgroups.h"

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;
using namespace upkeep::testing;
using Paths = std::vector<std::string>;

TEST(Cgroups, KnowsAContainerByItsName) {
  const auto f = [](const std::string& path, std::string_view id) { EXPECT_EQ(container_id(path), id) << path; };
  f("/docker/" + kIdA, kIdA);
  f("/system.slice/docker-" + kIdA + ".scope", kIdA);
  f("/machine.slice/libpod-" + kIdA + ".scope", kIdA);
  f("/libpod_parent/libpod-" + kIdA, kIdA);
  f("/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + kIdA + ".scope", kIdA);
  f("/kubepods/besteffort/pod1/" + kIdA, kIdA);
  f(kIdA, kIdA);

  f("/machine.slice/libpod-conmon-" + kIdA + ".scope", "");
  f("/kubepods.slice/crio-conmon-" + kIdA + ".scope", "");
  f("/system.slice/docker.service", "");
  f("/machine.slice/libpod-" + kIdA + ".scope/container", "");
  f("/docker/" + kIdA.substr(1), "");
  f("/docker/x" + kIdA, "");
  f("/docker/" + std::string(64, 'g'), "");
  f("/docker/" + std::string(64, 'A'), "");
  f("/docker/" + kIdA + ".mount", "");
  f("", "");
}

TEST(Cgroups, FindsWhereTheHierarchiesAre) {
  const auto f = [](const Paths& directories, const Paths& files, const Paths& roots) {
    FakeFileSystem fs;
    for (const std::string& path : directories) fs.put_directory(kCgroups + "/" + path);
    for (const std::string& path : files) fs.put(kCgroups + "/" + path, "");
    const auto found = find_hierarchies(fs);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(Paths(found->roots.begin(), found->roots.end()), roots);
  };
  const std::string root = kCgroups + "/";
  f({"system.slice"}, {"cgroup.controllers", "memory.stat"}, {kCgroups, "", "", "", "", ""});
  f({"cpu,cpuacct", "memory", "blkio", "pids", "systemd"}, {},
    {"", root + "cpu,cpuacct", root + "cpu,cpuacct", root + "memory", root + "blkio", root + "pids"});
  f({"cpu", "cpuacct", "memory"}, {}, {"", root + "cpu", root + "cpuacct", root + "memory", "", ""});
  f({"cpu", "cpu,cpuacct"}, {}, {"", root + "cpu", root + "cpu,cpuacct", "", "", ""});
  f({"memory"}, {"unified/cgroup.controllers"}, {root + "unified", "", "", root + "memory", "", ""});
  f({"memory", "unified"}, {}, {"", "", "", root + "memory", "", ""});  // not mounted
  FakeFileSystem none;
  EXPECT_EQ(find_hierarchies(none).error().code, ErrorCode::kNotFound);
}

class World {
 public:
  World() { put_root_v2(fs); }
  void put(const std::string& path) { fs.put(kCgroups + path + "/cgroup.procs", ""); }
  void remove(const std::string& path) { fs.remove(kCgroups + path); }
  Paths look(bool missing = false) {
    const auto looked = cgroups.look(now, missing);
    error = looked ? "" : looked.error().message;
    return cgroups.paths();
  }
  FakeFileSystem fs;
  Clock::time_point now{1h};
  Cgroups cgroups{fs};
  std::string error;
};

TEST(Cgroups, FindsContainersOfEveryDriver) {
  World world;
  const Paths paths = {
      "/docker/" + kIdA,
      "/kubepods/besteffort/pod1/" + kIdB,
      "/machine.slice/libpod-" + kIdB + ".scope",
      "/system.slice/docker-" + kIdC + ".scope",
  };
  for (const std::string& path : paths) world.put(path);
  world.put("/machine.slice/libpod-conmon-" + kIdB + ".scope");
  world.put("/machine.slice/libpod-" + kIdB + ".scope/container");
  world.put("/system.slice/docker-" + kIdC + ".scope/init.scope");
  world.put("/system.slice/ssh.service");
  EXPECT_EQ(world.look(), paths);
  EXPECT_EQ(world.look(), paths);
  EXPECT_EQ(world.error, "");
}

TEST(Cgroups, LooksWhereContainersWereAndEverywhereOnceAMinute) {
  World world;
  world.put("/docker/" + kIdA);
  world.put("/other/x");
  EXPECT_EQ(world.look(), (Paths{"/docker/" + kIdA}));
  world.put("/docker/" + kIdB);
  world.put("/other/" + kIdC);
  world.now += 59s;
  EXPECT_EQ(world.look(), (Paths{"/docker/" + kIdA, "/docker/" + kIdB}));
  world.now += 1s;
  EXPECT_EQ(world.look(), (Paths{"/docker/" + kIdA, "/docker/" + kIdB, "/other/" + kIdC}));
  world.remove("/docker/" + kIdA);
  world.remove("/other");
  EXPECT_EQ(world.look(), (Paths{"/docker/" + kIdB}));
  EXPECT_EQ(world.error, "");
}

TEST(Cgroups, LooksEverywhereWhenOneIsMissing) {
  World world;
  EXPECT_EQ(world.look(), Paths{});
  world.put("/docker/" + kIdA);
  EXPECT_EQ(world.look(), Paths{});
  EXPECT_EQ(world.look(true), (Paths{"/docker/" + kIdA}));
}

TEST(Cgroups, FindsContainersWithinContainersNowAndThen) {
  World world;
  const std::string outer = "/docker/" + kIdA, inner = outer + "/docker/" + kIdB;
  world.put(outer);
  EXPECT_EQ(world.look(), Paths{outer});
  world.put(inner);
  for (int minutes = 1; minutes < 10; ++minutes) {
    world.now += 1min;
    EXPECT_EQ(world.look(), Paths{outer}) << minutes;
  }
  world.now += 1min;
  EXPECT_EQ(world.look(), (Paths{outer, inner}));
  // From then on it is followed like any other.
  for (int minutes = 1; minutes < 12; ++minutes) {
    world.now += 1min;
    EXPECT_EQ(world.look(), (Paths{outer, inner})) << minutes;
  }
  world.remove(inner);
  EXPECT_EQ(world.look(), Paths{outer});
}

TEST(Cgroups, KeepsWhatItCannotList) {
  World world;
  world.put("/docker/" + kIdA);
  world.put("/other/" + kIdB);
  const Paths both = {"/docker/" + kIdA, "/other/" + kIdB};
  EXPECT_EQ(world.look(), both);
  for (const std::string path : {"/docker", "", "/other"}) {
    for (const auto step : {0min, 1min}) {
      world.now += step;
      world.fs.fail_with(kCgroups + path, {ErrorCode::kSystem, "Input/output error"});
      EXPECT_EQ(world.look(), both) << path;
      if (step != 0min || !path.empty()) {
        EXPECT_EQ(world.error, kCgroups + path + ": Input/output error");
      }
      world.fs.clear_failures();
      EXPECT_EQ(world.look(), both) << path;
      EXPECT_EQ(world.error, "");
    }
  }
}

TEST(Cgroups, HasNothingWhereNothingIsMounted) {
  World world;
  world.put("/docker/" + kIdA);
  world.look();
  world.fs.remove(kCgroups);
  world.now += 1min;
  EXPECT_EQ(world.look(), Paths{});
  EXPECT_EQ(world.error, "sys/fs/cgroup: No such file or directory");
}

}  // namespace
}  // namespace upkeep::containers
