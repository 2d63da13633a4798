// Space and files of the mounted file systems. https://man7.org/linux/man-pages/man2/statfs.2.html
#include <algorithm>
#include <array>
#include <optional>

#include "collectors/all.h"
#include "collectors/host/mount_probe.h"
#include "collectors/host/mountinfo.h"
#include "exporter/config.h"
#include "exporter/kernel.h"

namespace upkeep {
namespace {

constexpr std::string_view kPointsExcluded =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
constexpr std::string_view kTypesExcluded =
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|"
    "proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$";

consteval MetricDesc of_mount(std::string_view name, std::string_view help) {
  return gauge(name, help, {"device", "mountpoint", "fstype", "device_error"});
}
constexpr MetricDesc kDeviceError =
    of_mount("node_filesystem_device_error", "Whether the file system failed to tell its usage (1), and how.");
constexpr MetricDesc kReadOnly = of_mount("node_filesystem_readonly", "Whether the file system is mounted read-only.");
constexpr MetricDesc kSize = of_mount("node_filesystem_size_bytes", "Size of the file system.");
constexpr MetricDesc kFree = of_mount("node_filesystem_free_bytes", "Space that is free for root.");
constexpr MetricDesc kAvailable = of_mount("node_filesystem_avail_bytes", "Space that is free for everyone.");
constexpr MetricDesc kFiles = of_mount("node_filesystem_files", "Inodes of the file system.");
constexpr MetricDesc kFilesFree = of_mount("node_filesystem_files_free", "Inodes that are free.");
constexpr MetricDesc kInfo = gauge("node_filesystem_mount_info", "Device numbers of a mounted file system.",
                                   {"device", "major", "minor", "mountpoint"});
constexpr const MetricDesc* kMetrics[] = {&kDeviceError, &kReadOnly, &kSize,      &kFree,
                                          &kAvailable,   &kFiles,    &kFilesFree, &kInfo};

// How long to wait for the mounts of one run. One that hangs is given its whole time; when several do, what they share
// is gone, and finding the rest of them must not take the time of those that work.
class Patience {
 public:
  explicit Patience(std::chrono::nanoseconds full) : full_(full) {}
  [[nodiscard]] std::chrono::nanoseconds now() const { return lost_ < 3 ? full_ : full_ / 5; }
  void lose() { ++lost_; }

 private:
  std::chrono::nanoseconds full_;
  int lost_ = 0;
};

// What went wrong, in few words: "timeout", "permission denied", "input/output error".
std::string brief(const Error& error) {
  if (error.code == ErrorCode::kTimeout) return "timeout";
  const std::size_t colon = error.message.rfind(": ");
  std::string words = error.message.substr(colon == std::string::npos ? 0 : colon + 2);
  std::ranges::transform(words, words.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return words;
}

void add(SampleSink& out, const Mount& mount, const Result<FileSystemUsage>& usage) {
  const std::string error = usage ? "" : brief(usage.error());
  const std::array<std::string_view, 4> labels = {mount.device, mount.point, mount.type, error};
  out.add(kDeviceError, usage ? 0 : 1, labels);
  out.add(kReadOnly, mount.read_only ? 1 : 0, labels);
  if (!usage) return;
  out.add(kSize, static_cast<double>(usage->size_bytes), labels);
  out.add(kFree, static_cast<double>(usage->free_bytes), labels);
  out.add(kAvailable, static_cast<double>(usage->available_bytes), labels);
  out.add(kFiles, static_cast<double>(usage->files), labels);
  out.add(kFilesFree, static_cast<double>(usage->files_free), labels);
  out.add(kInfo, 1, {mount.device, mount.major, mount.minor, mount.point});
}

class Filesystem final : public Collector {
 public:
  Filesystem(ConfigReader& config, const Environment& environment)
      : clock_(environment.clock), mounts_(environment.fs), probe_(environment.kernel) {
    ConfigReader mounts = config.section("mounts");
    points_ = NameFilter(mounts.pattern("include", ""), mounts.pattern("exclude", kPointsExcluded));
    types_ = NameFilter(std::nullopt, mounts.pattern("fstypes_exclude", kTypesExcluded));
    timeout_ = mounts.duration("timeout", std::chrono::seconds(1), std::chrono::milliseconds(10));
  }

  Result<> collect(const Run& run, SampleSink& out) override {
    UPKEEP_TRY(const std::span<const Mount> mounts, mounts_.read());
    probe_.keep_only(mounts);
    Patience patience(timeout_);
    Result<> result;
    for (const Mount& mount : mounts) {
      if (!points_.keeps(mount.point) || !types_.keeps(mount.type)) continue;
      if (run.stop.stop_requested()) return fail(ErrorCode::kTimeout, "stopped");
      if (probe_.hangs(mount)) {
        add(out, mount, fail(ErrorCode::kTimeout, mount.point));
        continue;
      }
      if (result) result = get_ready(run, patience);
      if (!result) continue;  // but those that hang are still to be told
      const auto usage = probe_.ask(mount, patience.now());
      if (!usage && usage.error().code == ErrorCode::kTimeout) patience.lose();
      add(out, mount, usage);
    }
    return result;
  }

 private:
  Result<> get_ready(const Run& run, const Patience& patience) {
    if (clock_.now() + patience.now() > run.deadline) {
      return fail(ErrorCode::kTimeout, "so many mounts hang that there was no time left to ask the others");
    }
    return probe_.prepare();
  }

  const Clock& clock_;
  MountTable mounts_;
  MountProbe probe_;
  NameFilter points_, types_;
  std::chrono::milliseconds timeout_{};
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Filesystem>(config, environment);
}

}  // namespace

const CollectorType filesystem_collector = {
    .name = "filesystem",
    .section = "host",
    .help = "Space, files and read-only state of mounted file systems.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
