#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "collectors/all.h"
#include "exporter/text.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr FileSystemUsage kUsage{
    .size_bytes = 1000, .free_bytes = 500, .available_bytes = 400, .files = 100, .files_free = 60};

std::string good(const std::string& device, const std::string& point, const std::string& type) {
  const std::string labels =
      "{device=\"" + device + "\",mountpoint=\"" + point + "\",fstype=\"" + type + "\",device_error=\"\"} ";
  return labels;
}

TEST(Filesystem, TellsUsage) {
  World world;
  world.fs.put("proc/1/mountinfo", "27 1 254:0 / / rw - ext4 /dev/vda rw\n");
  world.kernel.usage["/"] = kUsage;
  const std::string labels = good("/dev/vda", "/", "ext4");
  EXPECT_EQ(world.samples(filesystem_collector),
            "node_filesystem_device_error" + labels + "0\nnode_filesystem_readonly" + labels + "0\n" +
                "node_filesystem_size_bytes" + labels + "1000\nnode_filesystem_free_bytes" + labels + "500\n" +
                "node_filesystem_avail_bytes" + labels + "400\nnode_filesystem_files" + labels + "100\n" +
                "node_filesystem_files_free" + labels + "60\n" +
                "node_filesystem_mount_info{device=\"/dev/vda\",major=\"254\",minor=\"0\",mountpoint=\"/\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

// The mount points told of.
std::string points(World& world) {
  std::string points;
  const std::string samples = world.samples(filesystem_collector);
  for (std::string_view line : Lines(samples)) {
    if (!line.starts_with("node_filesystem_device_error")) continue;
    line.remove_prefix(line.find("mountpoint=\"") + 12);
    points.append(line.substr(0, line.find('"'))).append(" ");
  }
  return points;
}

constexpr const char* kMany =
    "1 0 0:1 / / rw - ext4 /dev/sda1 rw\n"
    "2 1 0:2 / /dev rw - tmpfs udev rw\n"
    "3 1 0:3 / /proc rw - proc proc rw\n"
    "4 1 0:4 / /run rw - tmpfs tmpfs rw\n"
    "5 4 0:5 / /run/credentials/systemd-sysusers.service ro - ramfs ramfs rw\n"
    "6 1 0:6 / /snap/core ro - squashfs /dev/loop0 ro\n"
    "7 1 0:7 / /developers rw - xfs /dev/sdb rw\n"
    "8 1 0:8 / /var/lib/docker/overlay2/x rw - ext4 /dev/sdc rw\n"
    "9 1 0:9 / /merged rw - overlay overlay rw\n";

TEST(Filesystem, LeavesOutWhatIsNoDisk) {
  World world;
  world.fs.put("proc/1/mountinfo", kMany);
  EXPECT_EQ(points(world), "/ /run /developers ");
}

TEST(Filesystem, IsToldWhatToLeaveOut) {
  const auto f = [](const char* config) {
    World world;
    world.fs.put("proc/1/mountinfo", kMany);
    world.config = config;
    const std::string found = points(world);
    return found.empty() ? world.error() : found;
  };
  EXPECT_EQ(f("mounts: {exclude: '^/(proc|run)', fstypes_exclude: '^(xfs|overlay|squashfs)$'}"),
            "/ /dev /var/lib/docker/overlay2/x ");
  EXPECT_EQ(f("mounts: {include: '^/r', exclude: ''}"), "/run /run/credentials/systemd-sysusers.service ");
  EXPECT_NE(f("mounts: {timeout: 1ms}").find("timeout"), std::string::npos);
}

TEST(Filesystem, TellsFailureInFewWords) {
  World world;
  world.fs.put("proc/1/mountinfo", "27 1 254:0 / /mnt/a\\040b ro - fuse.sshfs me@far: rw\n");
  const std::string labels =
      R"({device="me@far:",mountpoint="/mnt/a b",fstype="fuse.sshfs",device_error="no such file or directory"} )";
  EXPECT_EQ(world.samples(filesystem_collector),
            "node_filesystem_device_error" + labels + "1\nnode_filesystem_readonly" + labels + "1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Filesystem, NeedsTheMounts) {
  World world;
  EXPECT_EQ(world.samples(filesystem_collector), "");
  EXPECT_EQ(world.error(), "proc/self/mountinfo: No such file or directory");
  world.fs.put("proc/1/mountinfo", "27 1 254:0 / / rw - ext4 /dev/v");
  EXPECT_EQ(world.samples(filesystem_collector), "");
  EXPECT_EQ(world.error(), "proc/1/mountinfo: line 1: options of the file system expected");
}

// Lets statfs of "/nfs" hang until it is let go.
class Hang {
 public:
  explicit Hang(FakeKernel& kernel) {
    kernel.before_statfs = [this](std::string_view point) {
      std::unique_lock lock(mutex_);
      if (point.starts_with("/nfs")) {
        ++hung_;
        changed_.wait(lock, [&] { return over_; });
      }
    };
  }
  void end() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  int hung() {
    const std::lock_guard lock(mutex_);
    return hung_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  int hung_ = 0;
};

TEST(Filesystem, StaysFreshBesideAMountThatHangs) {
  World world;
  Hang hang(world.kernel);
  world.config = "mounts: {timeout: 300ms}";
  world.fs.put("proc/1/mountinfo",
               "1 0 0:1 / / rw - ext4 /dev/vda rw\n"
               "2 1 0:2 / /nfs rw - nfs4 filer:/ rw\n"
               "3 1 0:3 / /srv rw - ext4 /dev/vdb rw\n");
  world.kernel.usage["/"] = world.kernel.usage["/nfs"] = world.kernel.usage["/srv"] = kUsage;
  const std::string stuck = R"({device="filer:/",mountpoint="/nfs",fstype="nfs4",device_error="timeout"} )";
  for (int run = 0; run < 3; ++run) {
    const std::string samples = world.samples(filesystem_collector);
    EXPECT_EQ(world.error(), "");
    EXPECT_NE(samples.find("node_filesystem_device_error" + stuck + "1\n"), std::string::npos) << samples;
    EXPECT_NE(samples.find("node_filesystem_readonly" + stuck + "0\n"), std::string::npos);
    EXPECT_EQ(samples.find("node_filesystem_size_bytes" + stuck), std::string::npos);
    EXPECT_NE(samples.find("node_filesystem_size_bytes" + good("/dev/vda", "/", "ext4")), std::string::npos);
    EXPECT_NE(samples.find("node_filesystem_size_bytes" + good("/dev/vdb", "/srv", "ext4")), std::string::npos);
    EXPECT_EQ(hang.hung(), 1);  // and not asked again
  }
  hang.end();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const std::string fresh = "node_filesystem_size_bytes" + good("filer:/", "/nfs", "nfs4") + "1000\n";
  while (world.samples(filesystem_collector).find(fresh) == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  EXPECT_EQ(world.samples(filesystem_collector).find("timeout"), std::string::npos);
}

TEST(Filesystem, DoesNotSpendItsTimeOnMountsThatHang) {
  World world;
  Hang hang(world.kernel);
  world.config = "mounts: {timeout: 300ms}";
  std::string mountinfo = "99 0 8:1 / / rw - ext4 /dev/vda rw\n";
  for (int i = 0; i < 8; ++i) {
    const std::string number = std::to_string(i);
    mountinfo += number + " 99 0:" + number + " / /nfs" + number + " rw - nfs filer: rw\n";
  }
  world.fs.put("proc/1/mountinfo", mountinfo);
  world.kernel.usage["/"] = kUsage;
  const auto began = std::chrono::steady_clock::now();
  const std::string samples = world.samples(filesystem_collector);
  // Three in full and a fifth for the others, 1.2 s and not 2.4.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(2000));
  EXPECT_NE(samples.find("node_filesystem_size_bytes" + good("/dev/vda", "/", "ext4")), std::string::npos);
  EXPECT_EQ(hang.hung(), 8);
  hang.end();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (world.samples(filesystem_collector).find("timeout") != std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
}

TEST(Filesystem, AsksNobodyWithoutTimeLeft) {
  World world;
  world.config = "mounts: {timeout: 11s}";  // more than a run has
  world.fs.put("proc/1/mountinfo", "1 0 0:1 / / rw - ext4 /dev/vda rw\n");
  world.kernel.usage["/"] = kUsage;
  EXPECT_EQ(world.samples(filesystem_collector), "");
  EXPECT_EQ(world.error(), "so many mounts hang that there was no time left to ask the others");
  EXPECT_EQ(world.error_code(), ErrorCode::kTimeout);
}

}  // namespace
}  // namespace upkeep::testing
