// Control groups of containers as the kernel shows them, for tests.
#pragma once

#include <string>

#include "tests/support/fakes.h"

namespace upkeep::testing {

inline const std::string kIdA(64, 'a'), kIdB(64, 'b'), kIdC(64, 'c');
inline const std::string kCgroups = "sys/fs/cgroup";

inline void put_root_v2(FakeFileSystem& fs) { fs.put(kCgroups + "/cgroup.controllers", "cpu io memory pids\n"); }

// What a container of version 2 has; `path` as in "/docker/ID".
inline void put_v2(FakeFileSystem& fs, const std::string& path, const std::string& root = kCgroups) {
  const auto put = [&](const std::string& file, const char* text) { fs.put(root + path + "/" + file, text); };
  put("cgroup.events", "populated 1\nfrozen 0\n");
  put("cgroup.procs", "4242\n4243\n");
  put("cpu.stat",
      "usage_usec 2500000\nuser_usec 1500000\nsystem_usec 1000000\ncore_sched.force_idle_usec 0\nnr_periods 100\n"
      "nr_throttled 10\nthrottled_usec 300000\nnr_bursts 0\nburst_usec 0\n");
  put("cpu.max", "50000 100000\n");
  put("cpu.weight", "100\n");
  put("cpu.pressure",
      "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500\n");
  put("memory.pressure",
      "some avg10=0.00 avg60=0.00 avg300=0.00 total=20\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=10\n");
  put("io.pressure",
      "some avg10=0.00 avg60=0.00 avg300=0.00 total=4\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
  put("memory.current", "104857600\n");
  put("memory.peak", "209715200\n");
  put("memory.max", "536870912\n");
  put("memory.min", "0\n");
  put("memory.swap.current", "4096\n");
  put("memory.swap.max", "max\n");
  put("memory.events", "low 0\nhigh 2\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n");
  put("memory.stat",
      "anon 52428800\nfile 41943040\nkernel 1048576\nkernel_stack 65536\nfile_mapped 8388608\nfile_dirty 4096\n"
      "file_writeback 0\ninactive_anon 52420608\nactive_anon 8192\ninactive_file 31457280\nactive_file 10485760\n"
      "workingset_refault_anon 5\nworkingset_refault_file 6\npgfault 9000\npgmajfault 12\npgscan 70\npgsteal 60\n");
  put("io.stat", "8:0 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n");
  put("pids.current", "7\n");
  put("pids.max", "max\n");
}

inline void put_v1(FakeFileSystem& fs, const std::string& path) {
  const auto put = [&](const std::string& hierarchy, const std::string& file, const char* text) {
    fs.put(kCgroups + "/" + hierarchy + path + "/" + file, text);
  };
  put("cpu,cpuacct", "cpuacct.usage", "2500000000\n");
  put("cpu,cpuacct", "cpuacct.stat", "user 150\nsystem 100\n");
  put("cpu,cpuacct", "cpu.stat", "nr_periods 100\nnr_throttled 10\nthrottled_time 300000000\n");
  put("cpu,cpuacct", "cpu.cfs_quota_us", "-1\n");
  put("cpu,cpuacct", "cpu.cfs_period_us", "100000\n");
  put("cpu,cpuacct", "cpu.shares", "1024\n");
  put("memory", "cgroup.clone_children", "0\n");
  put("memory", "cgroup.procs", "4242\n");
  put("memory", "memory.usage_in_bytes", "104857600\n");
  put("memory", "memory.max_usage_in_bytes", "209715200\n");
  put("memory", "memory.failcnt", "3\n");
  put("memory", "memory.kmem.usage_in_bytes", "1048576\n");
  put("memory", "memory.limit_in_bytes", "9223372036854771712\n");
  put("memory", "memory.soft_limit_in_bytes", "9223372036854771712\n");
  put("memory", "memory.memsw.limit_in_bytes", "1073741824\n");
  put("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  put("memory", "memory.stat",
      "cache 1\nrss 2\nmapped_file 3\npgfault 8000\npgmajfault 11\ninactive_file 4\nactive_file 5\n"
      "hierarchical_memory_limit 9223372036854771712\ntotal_cache 41943040\ntotal_rss 52428800\n"
      "total_rss_huge 0\ntotal_mapped_file 8388608\ntotal_dirty 4096\ntotal_writeback 0\ntotal_swap 4096\n"
      "total_pgpgin 1\ntotal_pgfault 9000\ntotal_pgmajfault 12\ntotal_inactive_anon 1\ntotal_active_anon 1\n"
      "total_inactive_file 31457280\ntotal_active_file 10485760\n");
  put("blkio", "blkio.throttle.io_service_bytes_recursive",
      "8:0 Read 1459200\n8:0 Write 314773504\n8:0 Sync 1\n8:0 Async 1\n8:0 Discard 0\n8:0 Total 316232704\n"
      "Total 316232704\n");
  put("blkio", "blkio.throttle.io_serviced_recursive", "8:0 Read 192\n8:0 Write 353\n8:0 Total 545\nTotal 545\n");
  put("pids", "pids.current", "7\n");
  put("pids", "pids.max", "max\n");
}

}  // namespace upkeep::testing
