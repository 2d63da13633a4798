#include "collectors/containers/containers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "collectors/all.h"
#include "exporter/text.h"
#include "tests/collectors/containers/fake_cgroups.h"
#include "tests/support/collect.h"

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;
using namespace upkeep::testing;

// Says what the test tells it.
class FakeEngine final : public EngineSource {
 public:
  explicit FakeEngine(std::shared_ptr<const EngineView>& view) : view_(view) {}
  [[nodiscard]] std::shared_ptr<const EngineView> view() const override { return view_; }

 private:
  std::shared_ptr<const EngineView>& view_;
};

// The lines of these samples that begin with one of `families`, without what is the same in all.
std::string lines_of(const std::string& samples, std::initializer_list<std::string_view> families) {
  std::string found;
  for (const std::string_view line : Lines(samples)) {
    const std::string_view name = line.substr(0, line.find_first_of("{ "));
    if (std::ranges::find(families, name) != families.end()) found.append(line).append("\n");
  }
  return found;
}

class ContainersTest : public ::testing::Test {
 protected:
  std::string samples() {
    if (!collector_) {
      ConfigDocument document("upkeep.yml", config_);
      ConfigReader reader = document.root();
      collector_ = make_containers(read_options(reader), environment_, [this](EngineSettings settings) {
        socket_ = settings.socket_path;
        return std::make_unique<FakeEngine>(view_);
      });
    }
    sink_.begin();
    const Result<> result = collector_->collect(upkeep::Run{clock_.now() + 10s, {}}, sink_);
    error_ = result ? "" : result.error().message;
    return samples_of(sink_);
  }
  std::string of(std::initializer_list<std::string_view> families) { return lines_of(samples(), families); }

  // What the engine says from now on.
  void set_view(std::vector<Container> containers) {
    auto view = std::make_shared<EngineView>();
    view->known = view->up = true;
    view->name = "docker";
    for (Container& one : containers) view->containers.push_back(std::make_shared<Container>(std::move(one)));
    view->generation = ++generation_;
    view_ = std::move(view);
    fs_.put("run/docker.sock", "");
  }
  static Container container(const std::string& id, const std::string& name) {
    Container one;
    one.id = id;
    one.name = name;
    one.image = "nginx:1";
    one.state = State::kRunning;
    one.pid = 4242;
    one.started = 1'600'000'100;
    one.created = 1'600'000'050;
    one.inspected = true;
    one.labels = {{"com.docker.compose.project", "shop"}, {"other", "x"}};
    return one;
  }
  static std::string labels(const std::string& path, const std::string& name = "", const std::string& image = "",
                            const std::string& project = "") {
    return "{id=\"" + path + "\",name=\"" + name + "\",image=\"" + image +
           "\",container_label_com_docker_compose_project=\"" + project +
           "\",container_label_com_docker_compose_service=\"\"} ";
  }

  FakeFileSystem fs_;
  FakeKernel kernel_;
  FakeClock clock_;
  Environment environment_{fs_, kernel_, clock_, no_log()};
  std::string config_ = "{}";
  std::shared_ptr<const EngineView> view_;
  std::string socket_, error_;

 private:
  std::uint64_t generation_ = 0;
  std::unique_ptr<Collector> collector_;
  SampleSink sink_{10'000};
};

const std::string kPathA = "/docker/" + kIdA, kPathB = "/system.slice/docker-" + kIdB + ".scope";

TEST_F(ContainersTest, SaysThatThereIsNothing) {
  EXPECT_EQ(samples(), "");
  EXPECT_EQ(error_, "no container in sys/fs/cgroup, and no socket of a container engine");
  put_root_v2(fs_);
  fs_.put(kCgroups + "/system.slice/ssh.service/cgroup.procs", "1\n");
  clock_.advance(1min);
  EXPECT_EQ(samples(), "");
  EXPECT_EQ(error_, "no container in sys/fs/cgroup, and no socket of a container engine");
}

TEST_F(ContainersTest, WorksWithoutAnEngine) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  put_v2(fs_, kPathB);
  EXPECT_EQ(of({"container_last_seen", "container_start_time_seconds", "container_memory_usage_bytes",
                "container_creation_time_seconds", "container_oom_events_total", "container_state_status"}),
            "container_last_seen" + labels(kPathA) + "1700000000\n" +               //
                "container_last_seen" + labels(kPathB) + "1700000000\n" +           //
                "container_start_time_seconds" + labels(kPathA) + "1600000000\n" +  //
                "container_start_time_seconds" + labels(kPathB) + "1600000000\n" +  //
                "container_memory_usage_bytes" + labels(kPathA) + "104857600\n" +   //
                "container_memory_usage_bytes" + labels(kPathB) + "104857600\n" +   //
                "container_oom_events_total" + labels(kPathA) + "1\n" +             //
                "container_oom_events_total" + labels(kPathB) + "1\n");
  EXPECT_EQ(error_, "");
  EXPECT_EQ(socket_, "");
}

TEST_F(ContainersTest, TakesNamesFromTheEngine) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  put_v2(fs_, kPathB);
  set_view({container(kIdA, "web")});
  EXPECT_EQ(of({"container_start_time_seconds", "container_creation_time_seconds", "container_memory_rss"}),
            "container_start_time_seconds" + labels(kPathA, "web", "nginx:1", "shop") + "1600000100\n" +         //
                "container_start_time_seconds" + labels(kPathB) + "1600000000\n" +                               //
                "container_creation_time_seconds" + labels(kPathA, "web", "nginx:1", "shop") + "1600000050\n" +  //
                "container_memory_rss" + labels(kPathA, "web", "nginx:1", "shop") + "52428800\n" +               //
                "container_memory_rss" + labels(kPathB) + "52428800\n");
  EXPECT_EQ(socket_, "/run/docker.sock");
  // Renamed.
  set_view({container(kIdA, "web2")});
  EXPECT_NE(samples().find("name=\"web2\""), std::string::npos);
}

TEST_F(ContainersTest, TheEngineCountsKillsOfWhatItKnows) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  put_v2(fs_, kPathB);
  Container killed = container(kIdA, "web");
  killed.ooms = 5;
  set_view({killed});
  EXPECT_EQ(of({"container_oom_events_total"}), "container_oom_events_total" + labels(kPathB) + "1\n" +
                                                    "container_oom_events_total" +
                                                    labels(kPathA, "web", "nginx:1", "shop") + "5\n");
}

TEST_F(ContainersTest, WaitsForNamesBeforeItShowsAnything) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  fs_.put("run/docker.sock", "");
  view_ = std::make_shared<EngineView>();  // not asked yet
  EXPECT_EQ(of({"container_last_seen"}), "");
  auto silent = std::make_shared<EngineView>();
  silent->known = true;
  silent->reason = "timeout";
  view_ = silent;
  EXPECT_EQ(of({"container_last_seen"}), "container_last_seen" + labels(kPathA) + "1700000000\n");
  EXPECT_EQ(of({"upkeep_container_engine_up"}), "upkeep_container_engine_up{engine=\"unknown\"} 0\n");
  EXPECT_EQ(error_, "");
}

TEST_F(ContainersTest, ShowsStatesUnderTheSameId) {
  put_root_v2(fs_);
  put_v2(fs_, kPathB);
  Container stopped = container(kIdC, "old");
  stopped.state = State::kExited;
  stopped.pid = 0;
  stopped.finished = 1'600'000'200;
  stopped.exit_code = 137;
  set_view({container(kIdB, "web"), stopped});
  const std::string all = samples();
  EXPECT_EQ(
      lines_of(all, {"container_exitcode"}),
      "container_exitcode" + labels("/system.slice/docker-" + kIdC + ".scope", "old", "nginx:1", "shop") + "137\n");
  EXPECT_EQ(lines_of(all, {"container_health_state"}),
            "container_health_state" + labels(kPathB, "web", "nginx:1", "shop") + "-1\n" + "container_health_state" +
                labels("/system.slice/docker-" + kIdC + ".scope", "old", "nginx:1", "shop") + "-1\n");
}

TEST_F(ContainersTest, LooksForWhatTheEngineStarted) {
  put_root_v2(fs_);
  set_view({});
  samples();
  put_v2(fs_, kPathA);
  EXPECT_EQ(of({"container_last_seen"}), "") << "not before everything is looked at again";
  set_view({container(kIdA, "web")});
  EXPECT_EQ(of({"container_last_seen"}),
            "container_last_seen" + labels(kPathA, "web", "nginx:1", "shop") + "1700000000\n");
}

TEST_F(ContainersTest, FindsAnEngineThatComesLater) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  samples();
  set_view({container(kIdA, "web")});
  EXPECT_EQ(samples().find("web"), std::string::npos);
  clock_.advance(1min);
  EXPECT_NE(samples().find("web"), std::string::npos);
}

TEST_F(ContainersTest, AsksNoEngineWhenTold) {
  config_ = "docker: false";
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  set_view({container(kIdA, "web")});
  EXPECT_EQ(samples().find("web"), std::string::npos);
  EXPECT_EQ(socket_, "");
}

TEST_F(ContainersTest, AsksTheEngineItIsTold) {
  config_ = "docker: /run/user/1000/docker.sock";
  set_view({});
  samples();
  EXPECT_EQ(socket_, "/run/user/1000/docker.sock");
  EXPECT_NE(error_, "") << "no control groups at all";
}

TEST_F(ContainersTest, RemembersForAWhileWhatIsGone) {
  config_ = "grace: 2m";
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  put_v2(fs_, kPathB);
  samples();
  fs_.remove(kCgroups + kPathA);
  clock_.advance(15s);
  const std::string gone = "container_last_seen" + labels(kPathA) + "1700000000\n";
  EXPECT_EQ(of({"container_last_seen"}), gone + "container_last_seen" + labels(kPathB) + "1700000015\n");
  EXPECT_EQ(of({"container_threads"}), "container_threads" + labels(kPathB) + "7\n");
  clock_.advance(104s);
  EXPECT_EQ(of({"container_last_seen"}), gone + "container_last_seen" + labels(kPathB) + "1700000119\n");
  clock_.advance(1s);
  samples();
  EXPECT_EQ(of({"container_last_seen"}), "container_last_seen" + labels(kPathB) + "1700000120\n");
  EXPECT_EQ(error_, "");
}

TEST_F(ContainersTest, FollowsOneThatComesBack) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  put_v2(fs_, kPathB);
  samples();
  fs_.remove(kCgroups + kPathA);
  clock_.advance(15s);
  samples();
  put_v2(fs_, kPathA);
  fs_.put(kCgroups + kPathA + "/memory.max", "4096\n");
  clock_.advance(45s);
  EXPECT_EQ(of({"container_spec_memory_limit_bytes"}), "container_spec_memory_limit_bytes" + labels(kPathA) + "4096\n" +
                                                           "container_spec_memory_limit_bytes" + labels(kPathB) +
                                                           "536870912\n");
}

// Its directory was listed a moment ago; its files are not there any more.
TEST_F(ContainersTest, AContainerMayVanishWhileItIsRead) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  put_v2(fs_, kPathB);
  samples();
  fs_.remove(kCgroups + kPathA);
  fs_.put_directory(kCgroups + kPathA);
  fs_.fail_with(kCgroups + kPathA, {ErrorCode::kNotFound, "No such file or directory"});
  EXPECT_EQ(of({"container_threads"}), "container_threads" + labels(kPathB) + "7\n");
  EXPECT_EQ(error_, "");
}

TEST_F(ContainersTest, LeavesOutWhatItIsTold) {
  config_ = "names: {exclude: ^db}";
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  put_v2(fs_, kPathB);
  set_view({container(kIdA, "db1"), container(kIdB, "web")});
  const std::string all = samples();
  EXPECT_EQ(all.find("db1"), std::string::npos);
  EXPECT_NE(all.find("container_threads" + labels(kPathB, "web", "nginx:1", "shop")), std::string::npos);
}

TEST_F(ContainersTest, OneBadFileCostsNoOther) {
  put_root_v2(fs_);
  put_v2(fs_, kPathA);
  fs_.put(kCgroups + kPathA + "/memory.stat", "garbage");
  EXPECT_EQ(of({"container_threads"}), "container_threads" + labels(kPathA) + "7\n");
  EXPECT_EQ(error_, kCgroups + kPathA + "/memory.stat: lines of key and number expected");
  fs_.put(kCgroups + kPathA + "/memory.stat", "anon 1\n");
  samples();
  EXPECT_EQ(error_, "");
}

class NetworkOfContainers : public ContainersTest {
 protected:
  NetworkOfContainers() {
    put_root_v2(fs_);
    put_v2(fs_, kPathA);
    put_v2(fs_, kPathB);
    fs_.put(kCgroups + kPathA + "/cgroup.procs", "11\n");
    fs_.put(kCgroups + kPathB + "/cgroup.procs", "22\n");
    fs_.put_link("proc/1/ns/net", "net:[1]");
    put_process(11, "net:[11]", 110);
    put_process(22, "net:[22]", 220);
  }
  void put_process(int pid, const std::string& network, int bytes) {
    const std::string process = "proc/" + std::to_string(pid);
    fs_.put_link(process + "/ns/net", network);
    fs_.put(process + "/net/dev", "a\nb\neth0: " + std::to_string(bytes) + " 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
  }
  // The bytes received by each, as "a110 b220 ".
  std::string received() {
    std::string found;
    const std::string lines = of({"container_network_receive_bytes_total"});
    for (const std::string_view line : Lines(lines)) {
      found += line.find(kIdA) != std::string_view::npos ? 'a' : 'b';
      found.append(line.substr(line.rfind(' ') + 1)).append(" ");
    }
    return found;
  }
};

TEST_F(NetworkOfContainers, IsThatOfTheirProcesses) { EXPECT_EQ(received(), "a110 b220 "); }

TEST_F(NetworkOfContainers, IsNotTheHosts) {
  put_process(11, "net:[1]", 110);
  EXPECT_EQ(received(), "b220 ");
}

TEST_F(NetworkOfContainers, IsPublishedOnceWhereItIsShared) {
  put_process(22, "net:[11]", 220);
  EXPECT_EQ(received(), "a110 ");
}

TEST_F(NetworkOfContainers, IsUnknownWhereTheHostsIs) {
  fs_.remove("proc/1");
  EXPECT_EQ(received(), "");
  fs_.put_link("proc/self/ns/net", "net:[1]");
  clock_.advance(1min);
  EXPECT_EQ(received(), "a110 b220 ");
}

TEST_F(NetworkOfContainers, FollowsTheProcess) {
  EXPECT_EQ(received(), "a110 b220 ");
  fs_.remove("proc/11");
  fs_.put(kCgroups + kPathA + "/cgroup.procs", "33\n");
  put_process(33, "net:[33]", 330);
  EXPECT_EQ(received(), "b220 ");
  EXPECT_EQ(error_, "");
  EXPECT_EQ(received(), "a330 b220 ");
}

TEST_F(NetworkOfContainers, IsThatOfTheEnginesProcess) {
  Container own = container(kIdA, "own"), hosts = container(kIdB, "hosts");
  own.own_network = true;
  own.pid = 44;
  hosts.pid = 22;
  put_process(44, "net:[44]", 440);
  set_view({own, hosts});
  EXPECT_EQ(received(), "a440 ");
}

TEST(Containers, EveryFamilyIsDeclaredOnce) {
  std::set<std::string_view> names;
  for (const MetricDesc* family : containers_collector.metrics) {
    EXPECT_TRUE(names.insert(family->name).second) << family->name;
  }
  EXPECT_TRUE(names.contains("machine_memory_bytes"));
  EXPECT_TRUE(names.contains("container_network_receive_bytes_total"));
}

}  // namespace
}  // namespace upkeep::containers
