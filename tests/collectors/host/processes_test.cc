#include <gtest/gtest.h>

#include "collectors/all.h"
#include "exporter/limits.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

std::string stat(const std::string& name, char state, const std::string& threads) {
  return "1 (" + name + ") " + state + " 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 " + threads + " 0 9 10 11\n";
}

void put_limits(World& world) {
  world.fs.put("proc/sys/kernel/threads-max", "192730\n");
  world.fs.put("proc/sys/kernel/pid_max", "32768\n");
}

const std::string kLimits = "node_processes_max_threads 192730\nnode_processes_max_processes 32768\n";

TEST(Processes, CountsProcessesAndThreads) {
  World world;
  put_limits(world);
  world.fs.put("proc/1/stat", stat("init", 'S', "1"));
  world.fs.put("proc/77/stat", stat("a ) b) R (", 'R', "3"));
  world.fs.put("proc/77/task/77/stat", stat("x", 'D', "3"));  // the process itself, read a moment later
  world.fs.put("proc/77/task/78/stat", stat("x", 'S', "3"));
  world.fs.put("proc/77/task/79/stat", stat("x", 'S', "3"));
  world.fs.put("proc/self/stat", stat("self", 'R', "1"));
  world.fs.put("proc/loadavg", "0 0 0\n");
  EXPECT_EQ(world.samples(processes_collector),
            kLimits +
                "node_processes_pids 2\nnode_processes_threads 4\n"
                "node_processes_state{state=\"R\"} 1\nnode_processes_state{state=\"S\"} 1\n"
                "node_processes_threads_state{thread_state=\"R\"} 1\n"
                "node_processes_threads_state{thread_state=\"S\"} 3\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Processes, ForgivesThoseThatEnd) {
  World world;
  put_limits(world);
  world.fs.put("proc/1/stat", stat("init", 'S', "1"));
  world.fs.put_directory("proc/2");
  world.fs.put("proc/3/stat", stat("a", 'Z', "2"));  // its threads are gone
  world.fs.put("proc/4/stat", stat("b", 'S', "2"));
  world.fs.put_directory("proc/4/task/5");
  EXPECT_EQ(world.samples(processes_collector),
            kLimits +
                "node_processes_pids 3\nnode_processes_threads 5\n"
                "node_processes_state{state=\"S\"} 2\nnode_processes_state{state=\"Z\"} 1\n"
                "node_processes_threads_state{thread_state=\"S\"} 2\n"
                "node_processes_threads_state{thread_state=\"Z\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Processes, LooksAtSoManyThreadsOnly) {
  World world;
  put_limits(world);
  world.fs.put("proc/1/stat", stat("many", 'S', std::to_string(limits::kThreadsLookedAt + 1)));
  EXPECT_EQ(world.samples(processes_collector), kLimits +
                                                    "node_processes_pids 1\nnode_processes_threads 50001\n"
                                                    "node_processes_state{state=\"S\"} 1\n");
  EXPECT_EQ(world.error(), "50001 threads: the states of 50000 at most are looked at");
  EXPECT_EQ(world.error_code(), ErrorCode::kLimit);
}

TEST(Processes, SaysWhatItCannotRead) {
  const auto f = [](const char* text) {
    World world;
    put_limits(world);
    world.fs.put("proc/1/stat", text);
    EXPECT_EQ(world.samples(processes_collector), kLimits);
    EXPECT_EQ(world.error_code(), ErrorCode::kParse);
    return world.error();
  };
  EXPECT_EQ(f(""), "proc/1/stat: name in brackets expected");
  EXPECT_EQ(f("1 (init"), "proc/1/stat: name in brackets expected");
  EXPECT_EQ(f("1 (init) "), "proc/1/stat: state expected");
  EXPECT_EQ(f("1 (init) 7 0 1"), "proc/1/stat: state expected");
  EXPECT_EQ(f("1 (init) S 0 1 1 0 -1"), "proc/1/stat: number of threads expected");
  EXPECT_EQ(f("1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 x"), "proc/1/stat: number of threads expected");

  World world;
  EXPECT_EQ(world.samples(processes_collector), "");
  EXPECT_EQ(world.error(), "proc/sys/kernel/threads-max: No such file or directory");
  put_limits(world);
  world.fs.put("proc/1/stat", stat("init", 'S', "1"));
  world.fs.fail_with("proc/1/stat", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(world.samples(processes_collector), kLimits);
  EXPECT_EQ(world.error(), "proc/1/stat: Permission denied");
  world.fs.put("proc/sys/kernel/pid_max", "\n");
  EXPECT_EQ(world.samples(processes_collector), "node_processes_max_threads 192730\n");
  EXPECT_EQ(world.error(), "proc/sys/kernel/pid_max: an integer expected");
}

}  // namespace
}  // namespace upkeep::testing
