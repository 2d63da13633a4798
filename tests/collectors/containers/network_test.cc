#include "collectors/containers/network.h"

#include <gtest/gtest.h>

#include "tests/support/collect.h"

namespace upkeep::containers {
namespace {

using namespace upkeep::testing;

constexpr std::string_view kHeader =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
    "compressed\n";

struct Published {
  std::string samples;
  Result<> result;
};

Published publish(FakeFileSystem& fs, int pid) {
  const ContainerFamilies families(network_families(), {});
  const std::vector<std::string> labels = {"/x", "", ""};
  SampleSink sink(100);
  sink.begin();
  ContainerSamples out(families, ContainerLabels(labels), sink);
  Published published{{}, publish_network(fs, pid, 0, out)};
  published.samples = samples_of(sink);
  return published;
}

TEST(ContainerNetwork, PublishesItsInterfaces) {
  FakeFileSystem fs;
  fs.put("proc/7/net/dev", std::string(kHeader) +
                               "    lo:     100       1    0    0    0     0          0         0      100       1    "
                               "0    0    0     0       0          0\n"
                               "  eth0:  1296 16 1 2 0 0 0 0 648 8 3 4 0 0 0 0\n"
                               "docker0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                               "vethab12: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
  const Published published = publish(fs, 7);
  EXPECT_TRUE(published.result);
  const std::string labels = "{id=\"/x\",name=\"\",image=\"\",interface=\"eth0\"} ";
  EXPECT_EQ(published.samples, "container_network_receive_bytes_total" + labels +
                                   "1296\n"
                                   "container_network_receive_packets_total" +
                                   labels +
                                   "16\n"
                                   "container_network_receive_errors_total" +
                                   labels +
                                   "1\n"
                                   "container_network_receive_packets_dropped_total" +
                                   labels +
                                   "2\n"
                                   "container_network_transmit_bytes_total" +
                                   labels +
                                   "648\n"
                                   "container_network_transmit_packets_total" +
                                   labels +
                                   "8\n"
                                   "container_network_transmit_errors_total" +
                                   labels +
                                   "3\n"
                                   "container_network_transmit_packets_dropped_total" +
                                   labels + "4\n");
}

TEST(ContainerNetwork, SaysWhatIsWrong) {
  FakeFileSystem fs;
  EXPECT_EQ(publish(fs, 7).result.error().code, ErrorCode::kNotFound);
  fs.put("proc/7/net/dev", std::string(kHeader) + "eth0: 1 2 3\neth1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
  const Published published = publish(fs, 7);
  EXPECT_EQ(published.result.error().message, "proc/7/net/dev:3: 16 counters expected: \"eth0: 1 2 3\"");
  EXPECT_NE(published.samples.find("eth1"), std::string::npos);
  EXPECT_EQ(published.samples.find("eth0"), std::string::npos);
}

TEST(ContainerNetwork, FindsAProcess) {
  FakeFileSystem fs;
  const auto f = [&](const std::string& directory, int pid) { EXPECT_EQ(first_process(fs, directory), pid); };
  f("sys/fs/cgroup/x", 0);
  fs.put("sys/fs/cgroup/x/cgroup.procs", "12\n13\n");
  f("sys/fs/cgroup/x", 12);
  fs.put("sys/fs/cgroup/y/cgroup.procs", "");
  fs.put("sys/fs/cgroup/y/a/cgroup.procs", "");
  fs.put("sys/fs/cgroup/y/container/cgroup.procs", "14\n");
  f("sys/fs/cgroup/y", 14);
  fs.put("sys/fs/cgroup/z/cgroup.procs", "99999999999\n");
  f("sys/fs/cgroup/z", 0);
}

TEST(ContainerNetwork, NamesTheNamespace) {
  FakeFileSystem fs;
  EXPECT_EQ(network_namespace(fs, "1"), "");
  fs.put_link("proc/1/ns/net", "net:[4026531840]");
  EXPECT_EQ(network_namespace(fs, "1"), "net:[4026531840]");
}

}  // namespace
}  // namespace upkeep::containers
